using System.Buffers;
using System.Runtime.ExceptionServices;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Internal;

/// <summary>One run of an action under a claim: hold the response, judge it, record it, and only then send it.</summary>
internal sealed class IdempotentExecution : IDisposable
{
    private readonly HttpContext _http;
    private readonly IdempotencyOptions _options;
    private readonly IdempotencyContext _context;
    private readonly HeldClaim _claim;
    private readonly ExecutionServices _services;

    private readonly HeaderSnapshot _headers;
    private readonly RequestFingerprint _fingerprint;
    private readonly ExecutionLifetime _lifetime;
    private readonly ResponseCapture _capture;
    private Completion _completion;
    private bool _overflowed;
    private bool _recorded;
    private bool _bufferInUse;

    private IdempotentExecution(
        HttpContext http,
        IdempotencyOptions options,
        IdempotencyContext context,
        HeldClaim claim,
        ExecutionServices services,
        RequestFingerprint fingerprint)
    {
        _http = http;
        _options = options;
        _context = context;
        _claim = claim;
        _services = services;

        _headers = new HeaderSnapshot(http.Response.Headers);
        _fingerprint = fingerprint;
        _lifetime = new ExecutionLifetime(http, options.MaxExecutionTime, services.Deadlines);
        _capture = new ResponseCapture(http, options.MaxResponseBodySize, SettleEarlyAsync);
    }

    private enum Verdict
    {
        Release,
        Keep,
        KeepNotReplayable,
        Refuse,
    }

    /// <summary>Takes the request over: from here on the body is hashed, the response held, and the client's leaving ignored.</summary>
    /// <exception cref="RequestBodyTooLargeException">The body had to be read at once, and the server refused it.</exception>
    public static async ValueTask<IdempotentExecution> StartAsync(
        HttpContext http, IdempotencyOptions options, IdempotencyContext context, HeldClaim claim, ExecutionServices services)
    {
        var fingerprint = await RequestFingerprint.AttachAsync(http.Request, http.RequestAborted);
        return new IdempotentExecution(http, options, context, claim, services, fingerprint);
    }

    /// <returns>What became of the request, for the metrics.</returns>
    public async ValueTask<string> RunAsync(Execution next)
    {
        // What the host only tells of, it lets flow on itself; what was thrown, or found here, is thrown on.
        Exception? failure;
        ExceptionDispatchInfo? thrown = null;
        Verdict verdict;
        try
        {
            failure = await next();
            if (failure is null && Defect() is { } defect)
                thrown = ExceptionDispatchInfo.Capture(failure = defect);
            verdict = JudgeEnd(failure);
        }
        catch (Exception exception)
        {
            // Thrown by the action, or by the app's rule after it: both are a failure after a possible effect.
            thrown = ExceptionDispatchInfo.Capture(failure = exception);
            verdict = JudgeEnd(failure);
        }

        await SettleAsync(verdict);
        Restore();
        thrown?.Throw();
        if (failure is not null)
            return "failed";

        await SendAsync();
        return verdict is Verdict.Release ? "released" : "executed";
    }

    /// <summary>Gives everything back. After <see cref="RunAsync"/> the request is its own again already, unless that threw.</summary>
    public void Dispose()
    {
        Restore();
        _fingerprint.Dispose();
        _completion.Dispose();
        if (!_bufferInUse)
            _capture.Held.Release();
    }

    /// <summary>Why what the action returned is no answer; null when it is one.</summary>
    private Exception? Defect()
    {
        if (_capture.Failure is { } failure)
            return failure;
        if (_lifetime.IsAborted)
            return new OperationCanceledException("The action aborted the request.");
        return _capture.Streams ? null : ResponseBodies.Defect(_http.Response, _capture.Held.Length);
    }

    private void Restore()
    {
        _capture.Detach();
        _lifetime.Dispose();
        _fingerprint.Detach();
    }

    /// <summary>The response overflows: its fate is settled before the first byte leaves, by the status that is already set.</summary>
    private async Task SettleEarlyAsync()
    {
        _overflowed = true;
        _context.Decided();
        var verdict = Judge(null);
        if (verdict is not Verdict.Release)
            await RecordAsync(verdict is Verdict.Keep ? Verdict.KeepNotReplayable : verdict);
    }

    private async ValueTask SettleAsync(Verdict verdict)
    {
        if (_recorded)
            return;
        if (verdict is not Verdict.Release)
        {
            await RecordAsync(verdict);
        }
        else
        {
            // Before the answer goes out, or a client that retries at once would meet its own claim.
            await _claim.DisposeAsync();
            Log.Released(_services.Logger, _claim.KeyHash, _http.Response.StatusCode);
        }
    }

    private Verdict JudgeEnd(Exception? failure)
    {
        _context.Decided();
        if (_recorded)
            return Verdict.Keep;
        return _overflowed && failure is null ? Verdict.Release : Judge(failure);
    }

    private Verdict Judge(Exception? failure)
    {
        // An upload that broke off was never a whole request.
        if (_fingerprint.ReadFailed)
            return Verdict.Release;
        if (_context.IsRepeat && (failure is not null || _context.Wish is not true))
            return Verdict.Release;
        if (failure is null && Keeps())
            return _lifetime.HasFired ? Verdict.KeepNotReplayable : Verdict.Keep;

        var failed = failure is not null || _http.Response.StatusCode >= StatusCodes.Status500InternalServerError;
        return failed && _context.ActionRan && _context.Wish is null && _options.WhenFailed is FailureBehavior.Refuse
            ? Verdict.Refuse
            : Verdict.Release;
    }

    private bool Keeps() => _context.Wish ?? (_context.ActionRan && KeepRule.Keeps(_http, _options));

    private async ValueTask RecordAsync(Verdict verdict)
    {
        _recorded = true;
        var whole = verdict is Verdict.Keep;
        var flags = verdict switch
        {
            Verdict.KeepNotReplayable => RecordFlags.NotReplayable,
            Verdict.Refuse => RecordFlags.OutcomeUnknown,
            _ => RecordFlags.None,
        };

        // While the response streams, the action may still be reading: its body must not be drained from under it.
        var fingerprint = _overflowed
            ? _fingerprint.Current()
            : await _fingerprint.FinishAsync(_options.RequestDrainTimeout, _services.TimeProvider, CancellationToken.None);
        var record = new ResponseRecord
        {
            Flags = flags,
            StatusCode = _http.Response.StatusCode,
            Created = _services.TimeProvider.GetUtcNow(),
            Fingerprint = fingerprint,
            Headers = whole ? _headers.Difference(_http.Response.Headers, _options.ReplayedHeaderName) : [],
            Body = whole ? _capture.Held.Sequence : ReadOnlySequence<byte>.Empty,
        };

        LogRecord(verdict);

        var written = record.Write();
        if (await _services.Keeper.CompleteAsync(_claim, written.Sequence, _context.WishedRetention ?? _options.Retention) is { } completion)
            _completion = completion;

        // A call that failed may still be reading: these buffers are left to the garbage collector.
        _bufferInUse = _claim.CallFailed;
        if (!_bufferInUse)
            written.Dispose();
    }

    private void LogRecord(Verdict verdict)
    {
        var length = _capture.Held.Length;
        switch (verdict)
        {
            case Verdict.Refuse:
                Log.Refused(_services.Logger, _claim.KeyHash);
                break;
            case Verdict.KeepNotReplayable:
                Log.NotReplayable(_services.Logger, _claim.KeyHash, _overflowed ? "too large, or streamed" : "cut short by a timeout");
                break;
            default:
                Log.Kept(_services.Logger, _claim.KeyHash, _http.Response.StatusCode, length);
                _services.Metrics.Kept(length);
                break;
        }
    }

    private async ValueTask SendAsync()
    {
        var response = _http.Response;
        if (_capture.Streams)
            return;

        if (_completion.Outcome is CompletionOutcome.Superseded && ResponseRecord.TryRead(_completion.Winner, out var winner, out _))
        {
            _headers.Restore(response.Headers);
            await ResponseReplay.SendAsync(response, winner, _options);
            return;
        }

        // An empty response stays open: status code pages fill in those that have no length.
        if (_capture.Held.Length > 0)
            response.ContentLength = _capture.Held.Length;
        await _capture.SendHeldAsync();
        await _capture.PassCompletionAsync();
    }
}

/// <summary>What every execution needs, gathered once.</summary>
internal sealed record ExecutionServices(
    RecordKeeper Keeper, DeadlinePool Deadlines, IdempotencyMetrics Metrics, TimeProvider TimeProvider, ILogger<IdempotencyEngine> Logger);
