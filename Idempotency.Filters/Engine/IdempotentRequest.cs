using Idempotency.Filters.Keys;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Responses;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Engine;

/// <summary>
/// One covered request on its way from its key to its answer: what is known of it, and how far it has come. It hangs on
/// <see cref="HttpContext.Features"/>, never on the scope of services, which the requests of a batch may share.
/// </summary>
internal sealed class IdempotentRequest : IAsyncDisposable
{
    private static readonly TimeSpan PatienceWithoutLimit = TimeSpan.FromMinutes(5);

    private readonly EngineServices _services;
    private readonly Endpoint? _endpoint;
    private AmbientRequest? _ambient;

    // Zero = none. A nullable one would take twice the room.
    private TimeSpan _wishedRetention;

    // The parts of the storage key, in less room than the key takes: its number fits beside the small fields.
    private string _storageKey = "";
    private int _scopeLength;
    private RequestNotes _notes;

    private IdempotentRequest(HttpContext http, IdempotencyPolicy policy, EngineServices services)
    {
        Http = http;
        Policy = policy;
        _services = services;
        _endpoint = http.GetEndpoint();
    }

    public HttpContext Http { get; }

    public IdempotencyPolicy Policy { get; }

    public RequestPhase Phase { get; private set; }

    /// <summary>The client's key; empty until it was read and is valid.</summary>
    public string Key { get; private set; } = "";

    /// <summary>Whose key it is: <see cref="RequestScope.Value"/>. Set with <see cref="Key"/>.</summary>
    public string Scope { get; private set; } = "";

    /// <summary>Set with <see cref="Key"/>.</summary>
    public StorageKey StorageKey => new(_storageKey, _scopeLength);

    public KeyHash KeyHash => new(_storageKey);

    /// <summary>The claim; null before there is one.</summary>
    public IdempotencyClaim? Claim { get; private set; }

    /// <summary>Whether the action itself was reached, as its innermost filter notes.</summary>
    public bool ActionRan => _notes.HasFlag(RequestNotes.ActionRan);

    /// <summary>
    /// Whether the host only assumes that the action was reached: a framework, or a filter behind ours, may have answered instead.
    /// </summary>
    public bool ReachIsAssumed => _notes.HasFlag(RequestNotes.ReachIsAssumed);

    /// <summary>
    /// Whether the action was reached, and it or a filter around it threw. The engine may never see the exception, because another filter
    /// makes it an answer.
    /// </summary>
    public bool ThrewInside => _notes.HasFlag(RequestNotes.ThrewInside);

    /// <summary>Whether the answer is the result of a challenge or a refusal, whatever its status.</summary>
    public bool IsChallenge => _notes.HasFlag(RequestNotes.IsChallenge);

    /// <summary>Manual mode: the earlier request with this key; null when there was none.</summary>
    public Repeat? Repeat { get; private set; }

    public bool IsRepeat => Repeat is not null;

    public KeepWish Wish { get; private set; }

    /// <summary>The retention that the action asked for; null = that of the policy.</summary>
    public TimeSpan? WishedRetention => _wishedRetention > TimeSpan.Zero ? _wishedRetention : null;

    /// <summary>For metrics and traces; null as long as nothing has become of it. See <see cref="RequestOutcome"/>.</summary>
    public string? Outcome { get; set; }

    /// <summary>Makes the request of a run. Call it in the async method that calls the handler: only its flow sees the request.</summary>
    /// <param name="http">The request.</param>
    /// <param name="policy">Its policy.</param>
    /// <param name="services">What it needs.</param>
    /// <param name="isProtected">
    /// Whether the run that is under way protects the handler too. False when something sent the request on to this endpoint after another
    /// covered endpoint: nothing says which of them the key is for.
    /// </param>
    /// <returns>
    /// Null when there is no new run, because the request had one: a second filter, a group around the endpoint, or another covered
    /// endpoint. Middleware that sends the request to the same endpoint again makes a new run.
    /// </returns>
    public static IdempotentRequest? TryEnter(HttpContext http, IdempotencyPolicy policy, EngineServices services, out bool isProtected)
    {
        isProtected = true;
        if (Of(http) is { } earlier)
        {
            var isSameEndpoint = earlier._endpoint == http.GetEndpoint();
            if (earlier.Phase is not RequestPhase.Left || !isSameEndpoint)
            {
                isProtected = isSameEndpoint || (earlier.Phase is not RequestPhase.Left && earlier.Claim is not null);
                return null;
            }
        }

        var request = new IdempotentRequest(http, policy, services);
        http.Features.Set(request);
        request._ambient = AmbientRequest.Begin(request, services.HttpContextAccessor);
        return request;
    }

    /// <summary>The covered request that this HTTP request makes, or made; null when it makes none.</summary>
    // A sub-request may inherit the features of the request that sends it, and must not be taken for it.
    public static IdempotentRequest? Of(HttpContext http) =>
        http.Features.Get<IdempotentRequest>() is { } found && ReferenceEquals(found.Http.Features, http.Features) ? found : null;

    /// <summary>The request has reached the action itself: the filters around it have let it through.</summary>
    public static void NoteReached(HttpContext http, bool isAssumed = false)
    {
        // A filter may call the handler again after it threw, and the last call counts.
        if (Of(http) is { } request)
        {
            request._notes = (request._notes & RequestNotes.IsChallenge)
                | RequestNotes.ActionRan
                | (isAssumed ? RequestNotes.ReachIsAssumed : RequestNotes.None);
        }
    }

    /// <summary>
    /// Something threw behind a filter that may make an answer of it. That is a failure, unless the action was not reached before.
    /// </summary>
    public static void NoteThrew(HttpContext http)
    {
        if (Of(http) is not { ActionRan: true, ThrewInside: false } request)
            return;

        request._notes |= RequestNotes.ThrewInside;
        // The action asked before it failed. Who answers for it may ask again.
        if (request.Wish is KeepWish.Keep)
            request.Ask(KeepWish.None, null);
    }

    /// <summary>Whether the result that is written is a challenge or a refusal.</summary>
    public static void NoteResult(HttpContext http, object? result)
    {
        if (Of(http) is { } request)
        {
            request._notes = (request._notes & ~RequestNotes.IsChallenge)
                | (ChallengeResults.Contains(result) ? RequestNotes.IsChallenge : RequestNotes.None);
        }
    }

    /// <summary>The action has returned, and its result is written from here on.</summary>
    public static void NoteReturned(HttpContext http) =>
        (http.Features.Get<IHttpRequestLifetimeFeature>() as HandlerLifetime)?.BeginWriting();

    public void UseKey(string key, string scope, in StorageKey storageKey) =>
        (Key, Scope, _storageKey, _scopeLength) = (key, scope, storageKey.Value, storageKey.ScopeLength);

    public void Wait() => Phase = RequestPhase.Waiting;

    /// <summary>The request holds the claim now, and ends it in <see cref="DisposeAsync"/> at the latest.</summary>
    public void Hold(IdempotencyClaim claim)
    {
        Claim = claim;
        Phase = RequestPhase.Running;
        _services.Retrier.Entered();
        _services.Metrics.ExecutionStarted();
    }

    /// <summary>Manual mode: there is an earlier record.</summary>
    public void Repeats(in ResponseRecord record, in Fingerprint fingerprint)
    {
        // A form that could not be parsed has no hash, and must not match the next one that cannot be parsed.
        var isKnown = fingerprint.HasBody && !fingerprint.Body.Matches(default);
        Repeat = new Repeat(
            record.Flags is RecordFlags.None ? new StoredResponse(record) : null,
            record.Fingerprint.Matches(fingerprint),
            isKnown ? RequestFingerprint.Known(Policy.Hasher, Http.Request, fingerprint) : null);
    }

    public void Ask(KeepWish wish, TimeSpan? retention)
    {
        if (Wish is not KeepWish.RollBack)
            (Wish, _wishedRetention) = (wish, retention ?? default);
    }

    /// <exception cref="InvalidOperationException">The response is settled already: a write came that the action did not await.</exception>
    public void Overflow()
    {
        if (Phase >= RequestPhase.Settled)
            throw new InvalidOperationException("The action has ended, and its response is settled: await every write before it returns.");

        Phase = RequestPhase.Overflowed;
    }

    /// <summary>The fate of the response is decided. A wish comes too late from here on.</summary>
    public void Settle()
    {
        if (Phase < RequestPhase.Settled)
            Phase = RequestPhase.Settled;
    }

    public ActiveClaim ToComplete() =>
        new(Claim!, StorageKey, Policy.StoreTag, (Policy.Options.MaxExecutionTime ?? PatienceWithoutLimit) + Policy.Options.Lease);

    /// <summary>The store has answered the completion, or the completion goes on in the background.</summary>
    public void Completed(in CompletionResult result)
    {
        Phase = result.GoesOn ? RequestPhase.HandedOver : RequestPhase.Recorded;
        if (result.GoesOn)
            EndExecution();
    }

    /// <summary>Gives the claim up, unless it has ended. A failing store is only logged, because the request has its answer.</summary>
    public async ValueTask ReleaseAsync()
    {
        if (Phase is < RequestPhase.Running or > RequestPhase.Recorded)
            return;

        var call = Phase is RequestPhase.Recorded ? default : _services.Metrics.StoreCall("release", Policy.StoreTag);
        Phase = RequestPhase.Released;
        try
        {
            await Claim!.DisposeAsync();
            call.End();
        }
        catch (Exception exception)
        {
            call.Fail(exception);
            _services.Faults.ReleaseFailed(exception, KeyHash);
        }
        finally
        {
            EndExecution();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ReleaseAsync();
        Phase = RequestPhase.Left;
        _ambient?.End();
        if (Outcome is not null)
            _services.Metrics.Finished(Http, Policy.Name, Outcome);
    }

    private void EndExecution()
    {
        _services.Retrier.Left();
        _services.Metrics.ExecutionEnded();
    }
}
