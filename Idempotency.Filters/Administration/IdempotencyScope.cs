using System.Security.Claims;
using Idempotency.Filters.Keys;

namespace Idempotency.Filters;

/// <summary>
/// Names the owner of keys without a request at hand: a caller, and what <see cref="IdempotencyOptions.KeyScope"/> adds to it.
/// </summary>
/// <remarks>
/// Name the caller as its requests do: with <see cref="OfCaller"/> if the policy sets <see cref="IdempotencyOptions.CallerId"/>, else with
/// <see cref="OfUser"/>. A different name is a different caller, whose keys are free. If no request can have this kind of name,
/// <see cref="IIdempotencyAdministration"/> throws an <see cref="ArgumentException"/>.
/// </remarks>
public sealed class IdempotencyScope
{
    private readonly string _caller;
    private readonly Kind _kind;
    private readonly string? _keyScope;

    private IdempotencyScope(string caller, Kind kind, string? keyScope = null)
    {
        _caller = caller;
        _kind = kind;
        _keyScope = keyScope;
    }

    private enum Kind
    {
        Anonymous,
        Caller,
        User,
    }

    /// <summary>All unauthenticated callers together.</summary>
    public static IdempotencyScope Anonymous { get; } = new(RequestScope.Anonymous, Kind.Anonymous);

    internal string Value => RequestScope.Within(_caller, _keyScope);

    /// <summary>The caller that <see cref="IdempotencyOptions.CallerId"/> names.</summary>
    /// <param name="callerId">What the delegate returns for a request of this caller.</param>
    /// <exception cref="ArgumentException"><paramref name="callerId"/> is null or empty.</exception>
    public static IdempotencyScope OfCaller(string callerId)
    {
        ArgumentException.ThrowIfNullOrEmpty(callerId);
        return new(RequestScope.FromCallerId(callerId)!, Kind.Caller);
    }

    /// <summary>
    /// The caller that the claims of an authenticated user name: the first of <c>sub</c>, <c>NameIdentifier</c>, <c>oid</c> and
    /// <c>PrimarySid</c>, else the name, joined with the client (<c>client_id</c>, <c>azp</c> or <c>appid</c>); else issuer and subject of
    /// the client certificate; else the client alone. Each counts with its issuer and authentication type.
    /// </summary>
    /// <param name="user">The user of a request, or a copy with the same claims, issuers and authentication type.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="user"/> is not authenticated, or has none of these.
    /// </exception>
    public static IdempotencyScope OfUser(ClaimsPrincipal user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return new(
            UserCaller.Of(user)?.Value ?? throw new ArgumentException(
                $"The user is not authenticated, or has none of {UserCaller.Needs}.", nameof(user)),
            Kind.User);
    }

    /// <summary>The same caller, with what <see cref="IdempotencyOptions.KeyScope"/> adds to it.</summary>
    /// <param name="keyScope">What the delegate returns for the requests in question, such as a tenant; null = it adds nothing.</param>
    public IdempotencyScope With(string? keyScope) => new(_caller, _kind, keyScope);

    /// <summary>Why no request can have this scope under these settings, and what to use instead; null if a request can have it.</summary>
    internal string? DefectUnder(IdempotencyOptions options) => _kind switch
    {
        Kind.Caller when options.CallerId is null =>
            "No CallerId is set, so users' claims name callers: use IdempotencyScope.OfUser(...) in place of OfCaller(...).",
        Kind.User when options.CallerId is not null =>
            "CallerId is set, so users' claims do not name callers: use IdempotencyScope.OfCaller(...) in place of OfUser(...).",
        Kind.Anonymous when options.AnonymousCallers is AnonymousCallers.Reject =>
            "AnonymousCallers is Reject, so no key belongs to anonymous callers: use IdempotencyScope.OfUser(...) or OfCaller(...).",
        _ when _keyScope is not null && options.KeyScope is null =>
            "No KeyScope is set, so nothing is added to callers: leave With(...) out.",
        _ => null,
    };
}
