using System.Buffers;
using System.Runtime.ExceptionServices;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Responses;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Engine;

/// <summary>One run of an action under a claim: hold the response, judge it, record it, and only then send it.</summary>
internal sealed partial class IdempotentExecution : IDisposable
{
    private readonly HttpContext _http;
    private readonly IdempotencyOptions _options;
    private readonly IdempotencyContext _context;
    private readonly ActiveClaim _claim;
    private readonly ExecutionServices _services;

    private readonly HeaderSnapshot _headers;
    private readonly RequestFingerprint _fingerprint;
    private readonly ExecutionLifetime _lifetime;
    private readonly ResponseCapture _capture;
    private Winner? _winner;
    private bool _overflowed;
    private Verdict? _recorded;
    private bool _keeps;
    private bool _bufferInUse;

    private IdempotentExecution(
        HttpContext http,
        IdempotencyOptions options,
        IdempotencyContext context,
        ActiveClaim claim,
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
        _lifetime = new ExecutionLifetime(http, options.MaxExecutionTime, services.TimeProvider);
        _capture = new ResponseCapture(http, options.MaxResponseBodySize, SettleEarlyAsync);
    }

    /// <summary>What became of the request, for the metrics; a run that ended otherwise has failed.</summary>
    public string Outcome { get; private set; } = "failed";

    /// <summary>Takes the request over: from here on the body is hashed, the response held, and the client's leaving ignored.</summary>
    /// <exception cref="RequestBodyTooLargeException">The body had to be read at once, and the server refused it.</exception>
    public static async ValueTask<IdempotentExecution> StartAsync(
        HttpContext http, IdempotencyOptions options, IdempotencyContext context, ActiveClaim claim, ExecutionServices services)
    {
        var fingerprint = await RequestFingerprint.AttachAsync(http.Request, http.RequestAborted);
        return new IdempotentExecution(http, options, context, claim, services, fingerprint);
    }

    public async ValueTask RunAsync(Execution run, object next)
    {
        // What the host only tells of, it lets flow on itself; what was thrown, or found here, is thrown on.
        Exception? failure;
        ExceptionDispatchInfo? thrown = null;
        try
        {
            failure = await run(_http, next);
            if (failure is null)
            {
                _keeps = Keeps();
                if (Defect() is { } defect)
                    throw defect;
                CloseIfEmpty();
            }
        }
        catch (Exception exception)
        {
            thrown = ExceptionDispatchInfo.Capture(failure = exception);
        }

        var verdict = await SettleAsync(failure);
        Restore();
        thrown?.Throw();
        if (failure is not null)
            return;

        Outcome = OutcomeOf(verdict);
        await SendAsync();
    }

    /// <summary>Gives everything back. After <see cref="RunAsync"/> the request is its own again already, unless that threw.</summary>
    public void Dispose()
    {
        Restore();
        _winner?.Completion.Dispose();
        if (!_bufferInUse)
            _capture.Held.Release();
    }

    /// <summary>An empty response that the action started is final: a length keeps status code pages from filling it in, as a start would have.</summary>
    private void CloseIfEmpty()
    {
        if (_capture is { Started: true, Streams: false, Held.Length: 0 } && ResponseBodies.AllowedWith(_http.Response.StatusCode))
            _http.Response.ContentLength = 0;
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
        _keeps = Keeps();
        var verdict = Judge(null);
        if (verdict is not Verdict.Release)
            await RecordAsync(verdict is Verdict.Keep ? Verdict.KeepNotReplayable : verdict);
    }

    // Each of the two that it ends in hands the verdict back, so that this one need not wait for them: it runs for every first request.
    private ValueTask<Verdict> SettleAsync(Exception? failure)
    {
        _context.Decided();
        if (_recorded is { } early)
            return new(early);

        var verdict = _overflowed && failure is null ? Verdict.Release : Judge(failure);
        return verdict is Verdict.Release ? ReleaseAsync() : RecordAsync(verdict);
    }

    private async ValueTask<Verdict> ReleaseAsync()
    {
        // Before the answer goes out, or a client that retries at once would meet its own claim.
        await _claim.DisposeAsync();
        if (_context.IsRepeat)
            Log.Repeated(_services.Logger, _claim.KeyHash, _http.Response.StatusCode);
        else
            Log.Released(_services.Logger, _claim.KeyHash, _http.Response.StatusCode);
        return Verdict.Release;
    }

    private async ValueTask<Verdict> RecordAsync(Verdict verdict)
    {
        _recorded = verdict;
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
            Headers = whole ? KeptHeaders() : [],
            Body = whole ? _capture.Held.Sequence : ReadOnlySequence<byte>.Empty,
        };

        var written = record.Write();
        if (await _services.Keeper.CompleteAsync(_claim, written.Sequence, _context.WishedRetention ?? _options.Retention) is { } completion)
        {
            if (completion.Outcome is CompletionOutcome.Superseded)
                _winner = new Winner(completion);
            else
                completion.Dispose();
            if (completion.Outcome is CompletionOutcome.Stored or CompletionOutcome.Restored)
                LogRecord(verdict);
        }

        // A call that failed may still be reading: these buffers are left to the garbage collector.
        _bufferInUse = _claim.CallFailed;
        if (!_bufferInUse)
            written.Dispose();
        return verdict;
    }

    private KeyValuePair<string, StringValues>[] KeptHeaders()
    {
        var headers = _headers.Difference(_http.Response.Headers, _options.ReplayedHeaderName);

        // The length of a body follows from the body. That there is none, and nothing may fill it in, does not.
        return _http.Response.ContentLength == 0 && ResponseBodies.AllowedWith(_http.Response.StatusCode)
            ? [.. headers, new(HeaderNames.ContentLength, "0")]
            : headers;
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
                Log.NotReplayable(_services.Logger, _claim.KeyHash, NotReplayableReason());
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

        if (_winner is not null)
        {
            // What this execution did was undone: its own answer would be a lie.
            if (!_services.Protection.TryRead(_claim.StorageKey, _winner.Completion.Winner, out var winner))
                throw new InvalidOperationException("Another execution committed first, and its record cannot be read.");

            _headers.Restore(response.Headers);
            await ResponseReplay.SendAsync(response, winner, _options);
            return;
        }

        // An empty response stays open: status code pages fill in those that have no length. Framing of the action's own excludes one.
        if (_capture.Held.Length > 0 && !ResponseBodies.HasOwnFraming(_http))
            response.ContentLength = _capture.Held.Length;
        await _capture.SendHeldAsync();
        await _capture.PassCompletionAsync();
    }

    /// <summary>The record of another execution, which is sent instead.</summary>
    private sealed record Winner(Completion Completion);
}
