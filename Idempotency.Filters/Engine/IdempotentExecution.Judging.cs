using Idempotency.Filters.Responses;

namespace Idempotency.Filters.Engine;

// What becomes of a response: only asks, and changes nothing.
internal sealed partial class IdempotentExecution
{
    /// <summary>What becomes of the key.</summary>
    private enum Verdict
    {
        /// <summary>It is free again, or its earlier record stands.</summary>
        Release,

        /// <summary>Retries get the response.</summary>
        Keep,

        /// <summary>Retries are told that the action ran, and that its response is gone.</summary>
        KeepNotReplayable,

        /// <summary>Retries are told that nobody knows whether the action had its effect.</summary>
        Refuse,
    }

    /// <summary>Why what the action returned is no answer; null when it is one.</summary>
    private Exception? Defect()
    {
        if (_capture.Failure is { } failure)
            return failure;
        if (_lifetime.IsAborted)
            return new OperationCanceledException("The action aborted the request.");
        if (_lifetime.WritingWasCut && !_capture.Streams)
            return new OperationCanceledException("The response was cut short, by MaxExecutionTime or by the request timeout.");
        if (_capture.Streams)
            return null;

        var response = _http.Response;
        return ResponseBodies.Defect(response.StatusCode, response.ContentLength, _capture.Held.Length) is { } defect
            ? new InvalidOperationException(defect)
            : null;
    }

    /// <summary>Whether the response is one to keep, had nothing gone wrong. Runs the app's own <c>ShouldStore</c>, which may throw.</summary>
    private bool Keeps() => _context.Wish ?? (_context.ActionRan && KeepRule.Keeps(_http, _options));

    private Verdict Judge(Exception? failure)
    {
        // An upload that broke off was never a whole request.
        if (_fingerprint.ReadFailed)
            return Verdict.Release;
        if (_context.IsRepeat && (failure is not null || _context.Wish is not true))
            return Verdict.Release;

        // It returned, so that it may have taken effect; but perhaps it returned early, or its answer was cut short.
        if (_keeps && _lifetime.HasFired)
            return Verdict.KeepNotReplayable;
        if (_keeps && failure is null)
            return _capture.IsOverCap || ResponseBodies.HasOwnFraming(_http) ? Verdict.KeepNotReplayable : Verdict.Keep;

        var failed = failure is not null || _http.Response.StatusCode >= StatusCodes.Status500InternalServerError;
        return failed && _context.ActionRan && _context.Wish is not false && _options.WhenFailed is FailureBehavior.Block
            ? Verdict.Refuse
            : Verdict.Release;
    }

    private string NotReplayableReason()
    {
        if (_overflowed || _capture.IsOverCap)
            return "too large, or streamed";
        return _lifetime.HasFired ? "the action's time was up" : "framed by the action itself, or with trailers";
    }

    private string OutcomeOf(Verdict verdict) => verdict switch
    {
        Verdict.Release when _context.IsRepeat => "repeated",
        Verdict.Release when _http.Response.StatusCode < StatusCodes.Status500InternalServerError => "released",
        Verdict.Release or Verdict.Refuse => "failed",
        _ => "executed",
    };
}
