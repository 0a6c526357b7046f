using System.Buffers;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Responses;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Engine;

/// <summary>What becomes of the key and its record.</summary>
internal sealed partial class IdempotentExecution
{
    private Verdict? _recorded;
    private bool _bufferIsInUse;

    private async ValueTask<Verdict> ReleaseAsync()
    {
        // Before the answer leaves: a client that retries at once must not meet its own claim.
        await _request.ReleaseAsync();
        if (_request.IsRepeat)
            Log.Repeated(_services.Logger, _request.KeyHash, Http.Response.StatusCode);
        else
            Log.Released(_services.Logger, _request.KeyHash, Http.Response.StatusCode);
        return Verdict.Release;
    }

    private async ValueTask<Verdict> RecordAsync(Verdict verdict, bool overflowed)
    {
        // While the response streams, the action may still read its body, so we must not drain it.
        var fingerprint = overflowed
            ? _fingerprint.Current()
            : await _fingerprint.FinishAsync(Options.RequestDrainTimeout, _services.TimeProvider, CancellationToken.None);
        _services.NoteBody(_request, fingerprint);
        var written = RecordOf(verdict, fingerprint).Write();
        _recorded = verdict;

        var result = await _services.Retrier.CompleteAsync(
            _request.ToComplete(), written.Sequence, _request.WishedRetention ?? Options.Retention);

        _request.Completed(result);
        _bufferIsInUse = result.BufferIsInUse;
        // After a failed call the store may still read the buffers, so the garbage collector gets them.
        if (!_bufferIsInUse)
            written.Dispose();
        if (result.Completion.Outcome is CompletionOutcome.Stored or CompletionOutcome.Restored)
            LogRecord(verdict, overflowed);
        if (result.Completion.Outcome is CompletionOutcome.Superseded)
            TakeWinner(result.Completion, fingerprint);
        else
            result.Completion.Dispose();
        return verdict;
    }

    private ResponseRecord RecordOf(Verdict verdict, in Fingerprint fingerprint) => new()
    {
        Flags = verdict switch
        {
            Verdict.KeepNotReplayable => RecordFlags.NotReplayable,
            Verdict.Block => RecordFlags.OutcomeUnknown,
            _ => RecordFlags.None,
        },
        StatusCode = Http.Response.StatusCode,
        Created = _services.TimeProvider.GetUtcNow(),
        Fingerprint = fingerprint,
        Headers = verdict is Verdict.Keep ? _response.KeptHeaders(Options.ReplayedHeaderName) : [],
        Body = verdict is Verdict.Keep ? _response.Body.Sequence : ReadOnlySequence<byte>.Empty,
    };

    private void LogRecord(Verdict verdict, bool overflowed)
    {
        var length = _response.Body.Length;
        switch (verdict)
        {
            case Verdict.Block:
                Log.Blocked(_services.Logger, _request.KeyHash);
                break;
            case Verdict.KeepNotReplayable:
                Log.NotReplayable(_services.Logger, _request.KeyHash, NotReplayableReason(overflowed));
                break;
            default:
                Log.Kept(_services.Logger, _request.KeyHash, Http.Response.StatusCode, length);
                _services.Metrics.Kept(length);
                break;
        }
    }

    private string NotReplayableReason(bool overflowed)
    {
        if (overflowed || _response.IsOverCap)
            return "too large, or streamed";
        if (_response.WasBypassed)
            return "something that took the body before the run wrote to it directly: take Response.Body or BodyWriter inside the action";
        if (_lifetime.HasFired)
            return "the action's time was up";
        return ResponseBodies.HasOwnFraming(Http) ? "framed by the action itself, or with trailers" : "its status is not from 200 to 599";
    }
}
