using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Engine;

/// <summary>
/// Shows a request to its action, and takes the action's wishes. It is scoped, so that services that were resolved before the engine ran
/// see the request too.
/// </summary>
internal sealed class IdempotencyContext : IIdempotencyContext
{
    private const string NoClaim =
        "This request holds no idempotency key: no policy covers it, or it carries no key. Check IIdempotencyContext.Key first.";

    // The requests of a batch may share this object. Those that come while another runs are told apart by the flow of their execution.
    private static readonly AsyncLocal<(IdempotencyContext Context, IdempotentRequest Request)?> Concurrent = new();

    private IdempotentRequest? _request;

    private IdempotentRequest? Request =>
        Concurrent.Value is { } concurrent && ReferenceEquals(concurrent.Context, this) ? concurrent.Request : _request;

    public string? Key => Claim is null ? null : Request!.Key;

    public bool IsRepeat => Request is { IsRepeat: true };

    public StoredResponse? Response => Request?.Response;

    public bool? RequestMatches => Request?.RequestMatches;

    public long? FencingToken => Claim?.FencingToken;

    public CancellationToken LeaseLost => Claim?.Lost ?? CancellationToken.None;

    private IdempotencyClaim? Claim => Request?.Claim;

    /// <summary>The engine works for this request from here on.</summary>
    public void Show(IdempotentRequest request)
    {
        if (_request is { Phase: not RequestPhase.Left })
            Concurrent.Value = (this, request);
        else
            _request = request;
    }

    public IdempotencyReplay Replay()
    {
        var request = Claimed();
        if (request.Response is { } response)
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
