using System.Security.Claims;
using Idempotency.Filters.Keys;

namespace Idempotency.Filters;

/// <summary>
/// Whose keys are meant where no request of theirs is at hand: a caller, and what <see cref="IdempotencyOptions.KeyScope"/> adds to it.
/// </summary>
/// <remarks>
/// The caller is named as the requests name it: by <see cref="OfCaller"/> where the policy has a <see cref="IdempotencyOptions.CallerId"/>,
/// and by <see cref="OfUser"/> where it has none. Another name is another caller, whose keys are free. A kind of name that no request can
/// have is refused with an <see cref="ArgumentException"/> by the administration.
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

    /// <summary>All callers together who were not authenticated.</summary>
    public static IdempotencyScope Anonymous { get; } = new(RequestScope.Anonymous, Kind.Anonymous);

    internal string Value => RequestScope.Within(_caller, _keyScope);

    /// <summary>The caller whom <see cref="IdempotencyOptions.CallerId"/> names.</summary>
    /// <param name="callerId">What the delegate returns for a request of this caller.</param>
    /// <exception cref="ArgumentException"><paramref name="callerId"/> is null or empty.</exception>
    public static IdempotencyScope OfCaller(string callerId)
    {
        ArgumentException.ThrowIfNullOrEmpty(callerId);
        return new(RequestScope.FromCallerId(callerId)!, Kind.Caller);
    }

    /// <summary>
    /// The authenticated user of a request: the first of the claims <c>sub</c>, <c>NameIdentifier</c>, <c>client_id</c>, <c>azp</c> and
    /// <c>appid</c>, or else the name, each with its issuer and authentication type.
    /// </summary>
    /// <param name="user">The user of a request, or one that is made to be equal to it in claim, issuer and authentication type.</param>
    /// <exception cref="ArgumentException"><paramref name="user"/> is not authenticated, or has neither such a claim nor a name.</exception>
    public static IdempotencyScope OfUser(ClaimsPrincipal user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return new(
            RequestScope.FromUserClaims(user) ?? throw new ArgumentException(
                "The user is not authenticated, or has none of the claims sub, NameIdentifier, client_id, azp and appid, and no name.", nameof(user)),
            Kind.User);
    }

    /// <summary>The same caller, with what <see cref="IdempotencyOptions.KeyScope"/> adds to it.</summary>
    /// <param name="keyScope">What the delegate returns for the requests that are meant, a tenant say; null = it adds nothing.</param>
    public IdempotencyScope With(string? keyScope) => new(_caller, _kind, keyScope);

    /// <summary>Why no request can have this scope under these settings, and what to use instead; null = one can.</summary>
    internal string? DefectUnder(IdempotencyOptions options) => _kind switch
    {
        Kind.Caller when options.CallerId is null =>
            "No CallerId is set, so that the claims of users name callers: use IdempotencyScope.OfUser(...) in place of OfCaller(...).",
        Kind.User when options.CallerId is not null =>
            "CallerId names callers, and not the claims of users: use IdempotencyScope.OfCaller(...) in place of OfUser(...).",
        _ when _keyScope is not null && options.KeyScope is null => "No KeyScope is set, which could add to callers: leave With(...) out.",
        _ => null,
    };
}
