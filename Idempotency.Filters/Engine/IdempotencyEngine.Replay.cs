using System.Buffers;
using System.Runtime.CompilerServices;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Responses;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Engine;

/// <summary>What a request gets that needs no run.</summary>
internal sealed partial class IdempotencyEngine
{
    // More is not held for the rare record that is gone when it is read.
    private const int LargestHeldForLater = 64 * 1024;

    private ValueTask<Rejection?> AnswerAsync(IdempotentRequest request, ClaimResult claimed) =>
        claimed.IsPartial ? AnswerByBeginningAsync(request, claimed) : AnswerAsync(request, claimed, known: null);

    /// <param name="request">The request.</param>
    /// <param name="claimed">Why it has no claim.</param>
    /// <param name="known">Its fingerprint, if its body was read before. In a box, because there is seldom one.</param>
    private async ValueTask<Rejection?> AnswerAsync(IdempotentRequest request, ClaimResult claimed, StrongBox<Fingerprint>? known)
    {
        // Awaited only at the end of the request: what the store still has to end must not delay a replay.
        await using (claimed)
        {
            return claimed.Outcome switch
            {
                ClaimOutcome.InFlight => Reject(request, RejectionKind.InFlight),
                ClaimOutcome.Interrupted => Reject(request, RejectionKind.OutcomeUnknown),
                _ => await ReplayAsync(request, claimed.Record, known),
            };
        }
    }

    /// <summary>
    /// Compares the request with the beginning of a large record, and reads the whole only if they match: who sends other requests must not
    /// have large records carried about. If the record is gone by then, the request may hold the claim at the end.
    /// </summary>
    private async ValueTask<Rejection?> AnswerByBeginningAsync(IdempotentRequest request, ClaimResult beginning)
    {
        if (!services.Protection.TryReadFingerprint(request.StorageKey.Value, beginning.Record, out var recorded))
            return Reject(request, RejectionKind.RecordUnreadable);
        var (http, options) = (request.Http, request.Policy.Options);
        var target = request.Policy.Hasher.TargetOf(http.Request);
        if (!recorded.TargetMatches(target))
            return Reject(request, RejectionKind.KeyReused);

        StrongBox<Fingerprint>? known = null;
        if (recorded.HasBody)
        {
            if (http.Request.ContentLength <= Math.Min(LargestHeldForLater, options.MaxComparedBodySize ?? long.MaxValue)
                && !BodyFingerprint.IsAtHand(http.Request))
            {
                await BodyPatience.ReadAsync(
                    http, options.BodyReadTimeout,
                    token => BufferedRequestBody.HoldAsync(http.Request, LargestHeldForLater, token));
            }

            known = new(await ComputeAsync(request, target, recorded.Form));
            services.NoteBody(request, known.Value);
            if (recorded.BodyMatches(known.Value) is not true)
                return Reject(request, RejectionKind.KeyReused);
        }

        ClaimResult whole;
        var call = services.Metrics.StoreCall("claim", request.Policy.StoreTag);
        try
        {
            whole = await beginning.ClaimAgainAsync(http.RequestAborted);
            call.End();
        }
        catch (Exception exception)
        {
            call.Fail(exception);
            if (http.RequestAborted.IsCancellationRequested)
                throw;
            return RejectAfter(request, StoreFailures.Of(exception), exception);
        }

        if (whole.Claim is not { } claim)
            return await AnswerAsync(request, whole, known);
        if (known is null || BodyFingerprint.IsAtHand(http.Request))
        {
            request.Hold(claim);
            return null;
        }

        // The action could not read its body any more. A client that comes again brings another.
        await claim.DisposeAsync();
        return Reject(request, RejectionKind.InFlight);
    }

    private async ValueTask<Rejection?> ReplayAsync(
        IdempotentRequest request, ReadOnlySequence<byte> stored, StrongBox<Fingerprint>? known)
    {
        var http = request.Http;
        if (!services.Protection.TryRead(request.StorageKey.Value, stored, out var record))
            return Reject(request, RejectionKind.RecordUnreadable);

        // The target alone tells most reused keys apart, and needs no body.
        var target = request.Policy.Hasher.TargetOf(http.Request);
        if (!record.Fingerprint.TargetMatches(target))
            return Reject(request, RejectionKind.KeyReused);

        if (record.Fingerprint.HasBody)
        {
            var fingerprint = known?.Value ?? await ComputeAsync(request, target, record.Fingerprint.Form);
            if (known is null)
                services.NoteBody(request, fingerprint);
            // A body that cannot be compared with a known one is not known to be the same.
            if (record.Fingerprint.BodyMatches(fingerprint) is not true)
                return Reject(request, RejectionKind.KeyReused);
        }

        if (RejectionKind.Of(record.Flags) is { } kind)
            return Reject(request, kind);

        if (!ResponseReplay.TrySetHead(http, record, request.Policy.Options))
        {
            Log.RecordUnreadable(_logger, null, request.KeyHash, "The server does not send one of its headers.");
            return Reject(request, RejectionKind.RecordUnreadable);
        }

        await ResponseReplay.SendBodyAsync(http, record);
        Log.Replayed(_logger, request.KeyHash, record.StatusCode);
        request.Outcome = RequestOutcome.Replayed;
        return null;
    }

    /// <summary>Reads the whole body, since no action will.</summary>
    private static ValueTask<Fingerprint> ComputeAsync(IdempotentRequest request, Sha256Digest target, BodyForm form) =>
        RequestFingerprint.ComputeAsync(
            request.Policy.Hasher, request.Http.Request, target, form, request.Policy.Options.MaxComparedBodySize,
            request.Http.RequestAborted);
}
