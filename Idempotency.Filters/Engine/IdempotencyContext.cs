using Idempotency.Filters.Keys;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Engine;

/// <summary>
/// Shows a request to its action, and takes the action's wishes. Each member finds the request anew, so that it does not matter when and in
/// which scope this object was made.
/// </summary>
internal sealed class IdempotencyContext(HashKeys hashKeys, IHttpContextAccessor? accessor = null) : IIdempotencyContext
{
    private const string NoClaim =
        "This request holds no idempotency key: no policy covers it, or it carries no key. Check IIdempotencyContext.Key first.";

    public string? Key => Claim is null ? null : Request!.Key;

    public bool IsRepeat => Request is { IsRepeat: true };

    public StoredResponse? Response => Request?.Repeat?.Response;

    public bool? RequestMatches => Request?.Repeat?.RequestMatches;

    public long? FencingToken => Claim?.FencingToken;

    public CancellationToken LeaseLost => Claim?.Lost ?? CancellationToken.None;

    private IdempotentRequest? Request => AmbientRequest.Current(accessor);

    private IdempotencyClaim? Claim => Request?.Claim;

    public IdempotencyReplay Replay()
    {
        var request = Claimed();
        if (request.Repeat?.Response is { } response)
            return new IdempotencyReplay(response.Record, request.Policy.Options);

        throw new InvalidOperationException(
            request.IsRepeat
                ? "The earlier response was not kept whole (it was too large, or streamed), and cannot be sent again."
                : "This is the first request with its idempotency key, so there is nothing to replay. "
                    + "Check IIdempotencyContext.IsRepeat first.");
    }

    public void Keep() => Ask(KeepWish.Keep, null);

    public void KeepFor(TimeSpan retention)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(retention, TimeSpan.Zero);
        Ask(KeepWish.Keep, retention);
    }

    public void Discard() => Ask(KeepWish.Discard, null);

    public void RollbackOnly()
    {
        if (!Claimed().Policy.Options.Transactional)
        {
            throw new InvalidOperationException(
                "The policy of this request is not Transactional, so there is no transaction to roll back. Set Transactional on the policy "
                + "or the attribute, or call Discard() to keep only the answer from being kept.");
        }

        Ask(KeepWish.RollBack, null);
    }

    public string DeriveKey(string purpose, int? length = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        var characters = length ?? DerivedKey.LongestLength;
        ArgumentOutOfRangeException.ThrowIfLessThan(characters, DerivedKey.ShortestLength, nameof(length));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(characters, DerivedKey.LongestLength, nameof(length));

        // A run without protection, because the store is down, has no claim, but it has the key. It needs the derived one most.
        return Request is { Key: not "" } request
            ? DerivedKey.Make(hashKeys, request.Scope, request.Key, purpose, characters)
            : throw new InvalidOperationException(NoClaim);
    }

    private void Ask(KeepWish wish, TimeSpan? retention)
    {
        var request = Claimed();
        if (request.Phase >= RequestPhase.Overflowed)
        {
            throw new InvalidOperationException(
                "The response is already on its way (it outgrew MaxResponseBodySize, or buffering was disabled): "
                + "decide before you write it.");
        }

        request.Ask(wish, retention);
    }

    private IdempotentRequest Claimed() => Claim is null ? throw new InvalidOperationException(NoClaim) : Request!;
}
