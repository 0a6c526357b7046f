using Idempotency.Filters.Requests;
using Idempotency.Filters.Responses;

namespace Idempotency.Filters.Engine;

/// <summary>One run of a handler under a claim: hold the response, judge it, record it, and only then send it.</summary>
internal sealed partial class IdempotentExecution : ICaptureOwner, IDisposable
{
    private readonly IdempotentRequest _request;
    private readonly EngineServices _services;
    private readonly RequestFingerprint _fingerprint;
    private readonly HandlerLifetime _lifetime;
    private readonly HeldResponse _response;
    private bool _isWanted;
    private bool _isRestored;

    private IdempotentExecution(IdempotentRequest request, EngineServices services, RequestFingerprint fingerprint)
    {
        _request = request;
        _services = services;
        _fingerprint = fingerprint;
        _lifetime = new HandlerLifetime(Http, Options, services.TimeProvider);
        _response = new HeldResponse(Http, Options.MaxResponseBodySize, this);
        // Unless it comes to an end below.
        request.Outcome = RequestOutcome.Failed;
    }

    private HttpContext Http => _request.Http;

    private IdempotencyOptions Options => _request.Policy.Options;

    /// <summary>Takes the request over: hashes its body while it is read, holds the response, and ignores a client that leaves.</summary>
    /// <exception cref="RequestBodyTooLargeException">The body had to be read at once, and the server refused it.</exception>
    public static async ValueTask<IdempotentExecution> StartAsync(IdempotentRequest request, EngineServices services)
    {
        var fingerprint = request.Repeat?.Fingerprint ?? await RequestFingerprint.AttachAsync(
            request.Policy.Hasher, request.Http.Request, request.Http.RequestAborted);
        return new IdempotentExecution(request, services, fingerprint);
    }

    /// <summary>Calls the handler, and looks at what it left. A failure waits until the key is settled.</summary>
    public ValueTask<HandlerResult> RunAsync<TNext>(HandlerCall<TNext> call, TNext next) =>
        Options.Transactional ? RunInUnitOfWorkAsync(call, next) : RunHandlerAsync(call, next);

    /// <summary>Decides what becomes of the key, and has it done before the first byte leaves.</summary>
    // Not async on purpose: both callees return the verdict, which saves a state machine for each first request.
    public ValueTask<Verdict> SettleAsync(Exception? failure)
    {
        if (_recorded is { } early)
            return new(early);
        if (Options.Transactional)
            return SettleUnitOfWorkAsync(failure);

        var overflowed = _request.Phase is RequestPhase.Overflowed;
        var verdict = Judgement.Of(Facts(failure) with { IsOnItsWay = overflowed });
        _request.Settle();
        return verdict is Verdict.Release ? ReleaseAsync() : RecordAsync(verdict, overflowed);
    }

    /// <summary>Sends what was held, or the answer of the execution that won.</summary>
    public async ValueTask SendAsync(Verdict verdict)
    {
        Restore();
        _request.Outcome = OutcomeOf(verdict);
        if (_response.Streams)
            return;

        if (_winner is null)
        {
            await _response.SendAsync();
            return;
        }

        await _response.SendInsteadAsync(_winner.Record, Options);
    }

    /// <summary>Gives the request back as it was, and the buffers to their pool.</summary>
    public void Dispose()
    {
        Restore();
        _winner?.Completion.Dispose();
        if (!_bufferIsInUse)
            _response.Body.Release();
    }

    /// <summary>The response overflows. The status that is set already decides its fate before the first byte leaves.</summary>
    async Task ICaptureOwner.SettleEarlyAsync()
    {
        if (Options.Transactional)
        {
            Refuse(RejectionKind.RolledBack, null, TooLarge);
            throw new InvalidOperationException($"The operation is rolled back: {TooLarge}");
        }

        _request.Overflow();
        await RunCallbacksAsync();
        _isWanted = IsWanted();
        var verdict = Judgement.Of(Facts(failure: null));
        if (verdict is not Verdict.Release)
            await RecordAsync(verdict, overflowed: true);
        _response.PassCallbacks();
        _lifetime.BeginStreaming();
    }

    void ICaptureOwner.NoteStream() => _lifetime.DeclareStream();

    /// <summary>Never throws.</summary>
    private async ValueTask<HandlerResult> RunHandlerAsync<TNext>(HandlerCall<TNext> call, TNext next)
    {
        try
        {
            if (await call(Http, next) is { } returned)
                return HandlerResult.Returned(returned);

            if (Defect() is { } defect)
                return HandlerResult.Threw(defect);

            // What has overflowed was judged then, and its body is no longer held.
            if (_request.Phase < RequestPhase.Overflowed)
            {
                await RunCallbacksAsync();
                _isWanted = IsWanted();
            }

            if (_response.Defect is { } late)
                return HandlerResult.Threw(late);

            _response.CloseIfEmpty();
            return HandlerResult.Returned(null);
        }
        catch (Exception exception)
        {
            return HandlerResult.Threw(exception);
        }
    }

    private void Restore()
    {
        if (_isRestored)
            return;

        _isRestored = true;
        _response.Detach();
        _lifetime.Detach(isKept: _recorded is Verdict.Keep or Verdict.KeepNotReplayable);
        _fingerprint.Detach();
    }

    /// <summary>
    /// Runs the callbacks that the handler registered for the start of its response: what they set is part of the answer, and may decide
    /// whether to keep it. Those of a failure that is not kept are left to the server.
    /// </summary>
    private ValueTask RunCallbacksAsync()
    {
        var isFailure = _request.ThrewInside || Http.Response.StatusCode >= StatusCodes.Status500InternalServerError;
        return _response.HasCallbacks && (!isFailure || IsWanted()) ? _response.RunCallbacksAsync() : default;
    }

    /// <summary>Why what the handler left is no answer; null when it is one.</summary>
    private Exception? Defect()
    {
        if (_lifetime.IsAborted)
            return new OperationCanceledException("The action aborted the request.");
        if (_lifetime.WritingWasCut && !_response.Streams)
            return new OperationCanceledException("The response was cut short, by MaxExecutionTime or by the request timeout.");
        return _response.Defect;
    }

    /// <summary>
    /// Whether to keep the response if nothing went wrong. Calls the application's <c>ShouldStore</c>, which may throw.
    /// </summary>
    private bool IsWanted() => _request.Wish switch
    {
        KeepWish.Keep => true,
        KeepWish.Discard or KeepWish.RollBack => false,
        _ => _request is { ActionRan: true, ThrewInside: false } && KeepRule.Keeps(Http, Options, _response.Body.Sequence, AnswerFacts()),
    };

    private AnswerFacts AnswerFacts() => new()
    {
        IsChallenge = _request.IsChallenge,
        ReachIsAssumed = _request.ReachIsAssumed,
        IsBodyWhole = _request.Phase < RequestPhase.Overflowed,
    };

    private RunFacts Facts(Exception? failure) => new()
    {
        UploadBroke = _fingerprint.ReadFailed,
        IsRepeat = _request.IsRepeat,
        Wish = _request.Wish,
        ActionRan = _request.ActionRan,
        IsWanted = _isWanted,
        Threw = failure is not null,
        ThrewInside = _request.ThrewInside,
        IsServerError = Http.Response.StatusCode >= StatusCodes.Status500InternalServerError,
        TimeWasUp = _lifetime.HasFired,
        IsWhole = _request.Phase < RequestPhase.Overflowed && _response.IsWhole,
        BlocksFailures = Options.WhenFailed is FailureBehavior.Block,
    };

    private string OutcomeOf(Verdict verdict) => verdict switch
    {
        Verdict.Release when _request.IsRepeat => RequestOutcome.Repeated,
        Verdict.Release when Http.Response.StatusCode < StatusCodes.Status500InternalServerError => RequestOutcome.Released,
        Verdict.Release or Verdict.Block => RequestOutcome.Failed,
        _ => RequestOutcome.Executed,
    };
}
