using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features.Authentication;

namespace Idempotency.Filters.Keys;

/// <summary>Whose key it is. Parts are length-prefixed, so no caller can choose a name that reads like another caller's scope.</summary>
/// <param name="Caller">The caller alone.</param>
/// <param name="Value">The caller and what <see cref="IdempotencyOptions.KeyScope"/> adds.</param>
/// <param name="IsBareName">Whether only a name identifies the caller, which another user may have too.</param>
internal readonly record struct RequestScope(string Caller, string Value, bool IsBareName)
{
    public const string Anonymous = "anonymous";

    public bool IsAnonymous => Caller == Anonymous;

    /// <param name="http">The request.</param>
    /// <param name="callerId">Names the caller; null = the user's claims name the caller.</param>
    /// <param name="keyScope">Adds to the caller; null = adds nothing.</param>
    /// <exception cref="InvalidOperationException">The request is authenticated, but nothing identifies the caller.</exception>
    public static RequestScope Of(HttpContext http, Func<HttpContext, string?>? callerId, Func<HttpContext, string?>? keyScope)
    {
        // Not http.User: that property would create an anonymous user for each request.
        var user = http.Features.Get<IHttpAuthenticationFeature>()?.User;
        var named = callerId is null ? UserCaller.Of(user) : null;
        var caller = callerId is null ? named?.Value : FromCallerId(callerId(http));
        if (caller is null && user is not null && user.Identities.Any(identity => identity.IsAuthenticated))
        {
            throw new InvalidOperationException(
                "The request is authenticated, but nothing says whose idempotency key it carries: "
                + (callerId is null
                    ? $"the user has none of {UserCaller.Needs}. Set IdempotencyOptions.CallerId."
                    : "IdempotencyOptions.CallerId returned no name. It must return one for every authenticated request."));
        }

        caller ??= Anonymous;
        return new(caller, Within(caller, keyScope?.Invoke(http)), named is { IsBareName: true });
    }

    /// <summary>The caller and what <see cref="IdempotencyOptions.KeyScope"/> adds; null adds nothing.</summary>
    public static string Within(string caller, string? keyScope) => keyScope is null ? caller : Join(caller, keyScope);

    /// <summary>The caller that <see cref="IdempotencyOptions.CallerId"/> names; null when it names none.</summary>
    public static string? FromCallerId(string? caller) => string.IsNullOrEmpty(caller) ? null : Join("caller", caller);

    /// <summary>Joins parts so that no two lists of parts make the same text.</summary>
    public static string Join(params ReadOnlySpan<string> parts)
    {
        var joined = new StringBuilder();
        foreach (var part in parts)
            joined.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part},");
        return joined.ToString();
    }
}
