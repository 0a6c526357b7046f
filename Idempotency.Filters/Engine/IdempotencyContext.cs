using Idempotency.Filters.Records;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Engine;

/// <summary>
/// The state of one request: filled by the engine, read and steered by the action. Scoped, so that services which were resolved before the
/// engine ran see it too.
/// </summary>
internal sealed class IdempotencyContext : IIdempotencyContext
{
    private const string NoClaim =
        "This request claimed no idempotency key: no policy applies to it, or it carries no key. Check IIdempotencyContext.Key first.";

    private IdempotencyOptions? _options;
    private IdempotencyClaim? _claim;
    private bool _decided;
    private bool _entered;
    private bool _hasEntered;
    private Endpoint? _endpoint;

    public string? Key { get; private set; }

    public bool IsRepeat { get; private set; }

    public StoredResponse? Response { get; private set; }

    public bool? RequestMatches { get; private set; }

    public long? FencingToken => _claim?.FencingToken;

    public CancellationToken LeaseLost => _claim?.Lost ?? CancellationToken.None;

    /// <summary>Whether the action itself was reached, as noted by the innermost filter.</summary>
    public bool ActionRan { get; set; }

    /// <summary>What the action asked for: true = keep, false = discard, null = nothing.</summary>
    public bool? Wish { get; private set; }

    /// <summary>The retention that the action asked for; null = none.</summary>
    public TimeSpan? WishedRetention { get; private set; }

    /// <summary>
    /// False when the engine is at work for this request already: a second filter, or a group around an endpoint, lets it pass. Middleware
    /// that sends a request through again, after it failed, makes a new run of it, of which nothing is known yet; sent to another endpoint
    /// it shows an error page, which is no answer to the client's request.
    /// </summary>
    public bool TryEnter(Endpoint? endpoint)
    {
        if (_entered || (_hasEntered && endpoint != _endpoint))
            return false;

        (_entered, _hasEntered, _endpoint) = (true, true, endpoint);
        (_options, _claim, _decided, ActionRan) = (null, null, false, false);
        (Key, IsRepeat, Response, RequestMatches) = (null, false, null, null);
        (Wish, WishedRetention) = (null, null);
        return true;
    }

    public void Leave() => _entered = false;

    public void Claimed(string key, IdempotencyOptions options, IdempotencyClaim claim)
    {
        Key = key;
        _options = options;
        _claim = claim;
    }

    public void Repeats(in ResponseRecord record, bool? requestMatches)
    {
        IsRepeat = true;
        RequestMatches = requestMatches;
        Response = record.Flags is RecordFlags.None ? new StoredResponse(record) : null;
    }

    /// <summary>From here on the fate of the response is settled: a wish would come too late.</summary>
    public void Decided() => _decided = true;

    public IdempotencyReplay Replay()
    {
        if (_options is null)
            throw new InvalidOperationException(NoClaim);
        if (Response is null)
        {
            throw new InvalidOperationException(
                IsRepeat
                    ? "The earlier response was not kept whole (it was too large, or streamed), and cannot be sent again."
                    : "This is the first request with its idempotency key, so that there is nothing to replay. Check IIdempotencyContext.IsRepeat first.");
        }

        return new IdempotencyReplay(Response.Record, _options);
    }

    public void Keep() => Ask(keep: true, null);

    public void KeepFor(TimeSpan retention)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(retention, TimeSpan.Zero);
        Ask(keep: true, retention);
    }

    public void Discard() => Ask(keep: false, null);

    private void Ask(bool keep, TimeSpan? retention)
    {
        if (_claim is null)
            throw new InvalidOperationException(NoClaim);
        if (_decided)
        {
            throw new InvalidOperationException(
                "The response is already on its way (it outgrew MaxResponseBodySize, or buffering was disabled): decide before writing it.");
        }

        Wish = keep;
        WishedRetention = retention;
    }
}
