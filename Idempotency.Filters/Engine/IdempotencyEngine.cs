using System.Buffers;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Engine;

/// <summary>
/// The line that every covered request goes along: <c>policy -> key -> claim -> (replay | execute) -> record -> send</c>. Knows
/// <see cref="HttpContext"/>, and nothing of MVC.
/// </summary>
internal sealed partial class IdempotencyEngine(IIdempotencyKeyEncoder encoder, EngineServices services)
{
    private readonly ILogger _logger = services.Logger;
    private bool _hasWarnedOfNames;

    /// <summary>Whether the engine has work to do. An error page that is re-executed does not answer the client's request.</summary>
    public static bool Applies(HttpContext http, IdempotencyPolicy policy) => policy.Covers(http.Request.Method) && !IsErrorPage(http);

    /// <returns>Why the request is answered without its action; null when the response is there.</returns>
    public async ValueTask<Rejection?> RunAsync<TNext>(HttpContext http, IdempotencyPolicy policy, HandlerCall<TNext> call, TNext next)
    {
        // 1. Once for each request. Whatever happens below, its claim ends with this block.
        await using var request = IdempotentRequest.TryEnter(http, policy, services, out var isProtected);
        if (request is null)
        {
            if (!isProtected)
                NoteUnprotected(http, policy);
            await call(http, next);
            return null;
        }

        // 2. Read the key.
        var key = await policy.Keys.ReadAsync(http);
        if (key.Status is KeyStatus.Missing && !policy.Options.KeyRequired)
            return await RunUnprotectedAsync(request, RequestOutcome.NoKey, call, next);
        if (key.Status is not KeyStatus.Valid)
            return Reject(request, RejectionKind.Of(key.Status), key.Problem);

        var scope = RequestScope.Of(http, policy.Options.CallerId, policy.Options.KeyScope);
        if (scope.IsAnonymous && policy.Options.AnonymousCallers is AnonymousCallers.Reject)
            return Reject(request, RejectionKind.CallerAnonymous);
        if (scope.IsBareName && !_hasWarnedOfNames && !Interlocked.Exchange(ref _hasWarnedOfNames, true))
            Log.NamedOnly(_logger);

        request.UseKey(key.Key!, scope.Value, encoder.Encode(policy.KeyPrefix, scope.Value, key.Key!));

        // 3. Read the body of a transactional request whole: no transaction waits for a client. Then claim the key.
        if (policy.Options.Transactional && await HoldBodyAsync(request) is { } unheld)
            return Reject(request, unheld);

        ClaimResult claimed;
        try
        {
            claimed = await ClaimAsync(request, policy.ClaimFor(http, scope, services.Protection.PreviewLength));
        }
        catch (Exception exception)
            when (exception is not IdempotencyUnitOfWorkException && !http.RequestAborted.IsCancellationRequested)
        {
            var failure = StoreFailures.Of(exception);
            // Only a key of which nobody can know anything runs by choice, and never one that is known to be in flight.
            if (failure is not StoreFailure.Unreachable || request.Phase is RequestPhase.Waiting
                || policy.Options.WhenStoreIsDown is StoreDownBehavior.Reject)
            {
                return RejectAfter(request, failure, exception);
            }

            services.Faults.Unavailable(exception, request.KeyHash);
            services.Faults.ExecutesUnprotected(request.KeyHash);
            return await RunUnprotectedAsync(request, RequestOutcome.Unprotected, call, next);
        }

        try
        {
            // 4. Answer without the action what needs no run. That of a large record may end with the claim, because the record is gone.
            if (claimed.Claim is { } claim)
                request.Hold(claim);
            else if (await AnswerAsync(request, claimed) is var answer && request.Claim is null)
                return answer;

            if (policy.LeavesRecordsPending && services.Retrier.Overload is { } overload)
                return RejectAfter(request, StoreFailure.Full, overload);
            if (await PrepareRepeatAsync(request, request.Claim!) is { } rejection)
                return rejection;

            // 5. Hash the body while it is read, hold the response, and detach the client's leaving.
            using var execution = await IdempotentExecution.StartAsync(request, services);
            Log.Executes(_logger, request.KeyHash, policy.Name);

            // 6. Run the handler.
            var result = await execution.RunAsync(call, next);

            // 7. Judge, and record, before the first byte leaves.
            var verdict = await execution.SettleAsync(result.Failure);

            // 8. A failure flows on. The host rethrows what it holds; we rethrow what was thrown here or found here.
            if (execution.Refusal is { } refusal)
                return await RefuseAsync(request, execution, result, refusal);

            result.Rethrow();

            // 9. Send what was held.
            if (result.Failure is null)
                await execution.SendAsync(verdict);
            return null;
        }
        catch (RequestBodyTooLargeException) when (!request.ActionRan)
        {
            return Reject(request, RejectionKind.BodyTooLarge);
        }
        catch (RequestBodyTooSlowException) when (!request.ActionRan)
        {
            return Reject(request, RejectionKind.BodyTooSlow);
        }
    }

    private async ValueTask<ClaimResult> ClaimAsync(IdempotentRequest request, ClaimOptions options)
    {
        var (http, policy) = (request.Http, request.Policy);
        ClaimResult claimed;
        var call = services.Metrics.StoreCall("claim", policy.StoreTag);
        try
        {
            claimed = await policy.Store.ClaimAsync(request.StorageKey, options, http.RequestAborted);
            call.End();
            if (claimed.Outcome is ClaimOutcome.InFlight && policy.Options.WhenInFlight is InFlightBehavior.Wait)
            {
                request.Wait();
                call = services.Metrics.StoreCall("wait", policy.StoreTag);
                claimed = await policy.Store.WaitAsync(request.StorageKey, options, policy.Options.WaitTimeout, http.RequestAborted);
                call.End();
            }
        }
        catch (Exception exception)
        {
            call.Fail(exception);
            throw;
        }

        return claimed.Outcome is not ClaimOutcome.None ? claimed : throw new InvalidOperationException(
            "The store answered a claim with None: it must return one of the results of ClaimResult.");
    }

    /// <summary>Manual mode: shows the action what it repeats before it runs.</summary>
    private async ValueTask<Rejection?> PrepareRepeatAsync(IdempotentRequest request, IdempotencyClaim claim)
    {
        ReadOnlySequence<byte> previous;
        try
        {
            if (claim.PreviousRecord is not { } found)
                return null;
            previous = found;
        }
        catch (Exception exception)
        {
            return RejectAfter(request, StoreFailures.Of(exception), exception);
        }

        if (!services.Protection.TryRead(request.StorageKey.Value, previous, out var record))
            return Reject(request, RejectionKind.RecordUnreadable);
        if (record.Flags.HasFlag(RecordFlags.OutcomeUnknown))
            return Reject(request, RejectionKind.OutcomeUnknown);

        var fingerprint = await BufferAsync(request, record.Fingerprint.Form);
        services.NoteBody(request, fingerprint);
        request.Repeats(record, fingerprint);
        return null;
    }

    // By itself: what the lambda takes along would cost every first request otherwise.
    private static ValueTask<Fingerprint> BufferAsync(IdempotentRequest request, BodyForm form)
    {
        var (http, policy) = (request.Http, request.Policy);
        return BodyPatience.ReadAsync(http, policy.Options.BodyReadTimeout, token => RequestFingerprint.BufferAsync(
            policy.Hasher, http.Request, form, policy.Options.MaxBufferedBodySize, token));
    }

    /// <returns>Why the body cannot be held; null when it is.</returns>
    private static async ValueTask<RejectionKind?> HoldBodyAsync(IdempotentRequest request)
    {
        var (http, options) = (request.Http, request.Policy.Options);
        try
        {
            if (!BodyFingerprint.IsAtHand(http.Request))
            {
                await BodyPatience.ReadAsync(
                    http, options.BodyReadTimeout,
                    token => BufferedRequestBody.HoldAsync(http.Request, options.MaxBufferedBodySize, token));
            }

            return null;
        }
        catch (RequestBodyTooLargeException)
        {
            return RejectionKind.BodyTooLarge;
        }
        catch (RequestBodyTooSlowException)
        {
            return RejectionKind.BodyTooSlow;
        }
    }

    private async ValueTask<Rejection?> RunUnprotectedAsync<TNext>(
        IdempotentRequest request, string outcome, HandlerCall<TNext> call, TNext next)
    {
        // Now, and not at the end: the handler may stream for hours.
        services.Metrics.Finished(request.Http, request.Policy.Name, outcome);
        await call(request.Http, next);
        return null;
    }

    // An endpoint that threw, and is run once more, is no error page: it is the endpoint that the features name.
    private static bool IsErrorPage(HttpContext http)
    {
        var (thrown, replaced) = (http.Features.Get<IExceptionHandlerFeature>(), http.Features.Get<IStatusCodeReExecuteFeature>());
        if (thrown is null && replaced is null)
            return false;

        var failed = thrown is not null ? thrown.Endpoint : replaced!.Endpoint;
        return failed is null || failed != http.GetEndpoint();
    }

    private void NoteUnprotected(HttpContext http, IdempotencyPolicy policy)
    {
        Log.EndpointIsUnprotected(_logger, http.GetEndpoint()?.DisplayName ?? http.Request.Path.Value, policy.Name);
        services.Metrics.Finished(http, policy.Name, RequestOutcome.Unprotected);
    }
}
