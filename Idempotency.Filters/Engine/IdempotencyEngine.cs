using System.Buffers;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Responses;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Engine;

/// <summary>
/// The line that every covered request goes along: <c>policy -> key -> claim -> (replay | execute) -> record -> send</c>. Knows
/// <see cref="HttpContext"/>, and nothing of MVC.
/// </summary>
internal sealed class IdempotencyEngine(
    IIdempotencyKeyEncoder encoder,
    CompletionRetrier keeper,
    RecordProtection protection,
    IdempotencyMetrics metrics,
    TimeProvider timeProvider,
    ILogger<IdempotencyEngine> logger)
{
    private readonly ExecutionServices _services = new(keeper, protection, metrics, timeProvider, logger);

    /// <summary>Whether the engine has anything to do. An error page that is re-executed is no answer to the client's request.</summary>
    public static bool Applies(HttpContext http, IdempotencyPolicy policy) =>
        policy.Covers(http.Request.Method)
        && http.Features.Get<IExceptionHandlerFeature>() is null
        && http.Features.Get<IStatusCodeReExecuteFeature>() is null;

    /// <returns>Why the request is answered without its action; null when the response is there.</returns>
    public async ValueTask<Rejection?> RunAsync(HttpContext http, IdempotencyPolicy policy, Execution run, object next)
    {
        var context = http.RequestServices.GetRequiredService<IdempotencyContext>();
        if (!context.TryEnter(http.GetEndpoint()))
        {
            await run(http, next);
            return null;
        }

        try
        {
            var key = await policy.Keys.ReadAsync(http);
            switch (key.Status)
            {
                case KeyStatus.Valid:
                    return await RunAsync(http, policy, context, key.Key!, run, next);
                case KeyStatus.Malformed:
                    return Reject(http, policy, Rejection.KeyMalformed(policy.Options, key.Problem!));
                case KeyStatus.OutOfReach:
                    return Reject(http, policy, Rejection.BodyTooLargeForKey(policy.Options));
                case KeyStatus.Missing when policy.Options.KeyRequired:
                    return Reject(http, policy, Rejection.KeyMissing(policy.Options));
                default:
                    metrics.Finished(http, policy, "no-key");
                    await run(http, next);
                    return null;
            }
        }
        finally
        {
            context.Leave();
        }
    }

    private async ValueTask<Rejection?> RunAsync(
        HttpContext http, IdempotencyPolicy policy, IdempotencyContext context, string key, Execution run, object next)
    {
        var options = policy.Options;
        var storageKey = encoder.Encode(options.KeyPrefix, RequestScope.Of(http, options), key);
        ClaimResult claimed;
        var waits = false;
        try
        {
            using (metrics.StoreCall("claim"))
                claimed = await policy.Store.ClaimAsync(storageKey, policy.ClaimFor(http), http.RequestAborted);
            waits = claimed.Outcome is ClaimOutcome.InFlight && options.WhenInFlight is InFlightBehavior.Wait;
            if (waits)
                claimed = await WaitAsync(http, policy, storageKey);
            if (claimed.Outcome is ClaimOutcome.None)
                throw new InvalidOperationException("The store answered a claim with None: it must return one of the results of ClaimResult.");
        }
        catch (Exception exception) when (!http.RequestAborted.IsCancellationRequested)
        {
            Log.StoreUnavailable(logger, exception, new KeyHash(storageKey));

            // A key that is known to be in flight is not run a second time by choice either.
            if (waits || options.WhenStoreIsDown is StoreDownBehavior.Reject)
                return Reject(http, policy, Rejection.StoreUnavailable(options));

            Log.ExecutesUnprotected(logger, new KeyHash(storageKey));
            metrics.Finished(http, policy, "unprotected");
            await run(http, next);
            return null;
        }

        using (claimed)
        {
            switch (claimed.Outcome)
            {
                case ClaimOutcome.InFlight:
                    return Reject(http, policy, Rejection.InFlight(options));
                case ClaimOutcome.Interrupted:
                    return Reject(http, policy, Rejection.OutcomeUnknown(options));
                case ClaimOutcome.Completed:
                    return await ReplayAsync(http, policy, storageKey, claimed);
                default:
                    context.Claimed(key, options, claimed.Claim!);
                    return await ExecuteAsync(http, policy, context, storageKey, claimed.Claim!, run, next);
            }
        }
    }

    private async ValueTask<ClaimResult> WaitAsync(HttpContext http, IdempotencyPolicy policy, string storageKey)
    {
        using (metrics.StoreCall("wait"))
            return await policy.Store.WaitAsync(storageKey, policy.ClaimFor(http), policy.Options.WaitTimeout, http.RequestAborted);
    }

    private async ValueTask<Rejection?> ReplayAsync(HttpContext http, IdempotencyPolicy policy, string storageKey, ClaimResult claimed)
    {
        var options = policy.Options;
        if (!protection.TryRead(storageKey, claimed.Record, out var record))
            return Reject(http, policy, Rejection.RecordUnreadable(options));

        // The target alone tells most reused keys apart, and needs no body.
        var target = RequestTarget.HashOf(http.Request);
        if (!record.Fingerprint.TargetMatches(target))
            return Reject(http, policy, Rejection.KeyReused(options));
        try
        {
            if (record.Fingerprint.HasBody)
            {
                var fingerprint = await RequestFingerprint.ComputeAsync(
                    http.Request, target, record.Fingerprint.Form, options.MaxComparedBodySize, http.RequestAborted);

                // A body that cannot be compared with a known one is not known to be the same.
                if (record.Fingerprint.BodyMatches(fingerprint) is not true)
                    return Reject(http, policy, Rejection.KeyReused(options));
            }
        }
        catch (RequestBodyTooLargeException)
        {
            return Reject(http, policy, Rejection.BodyTooLarge(options));
        }

        if (record.Flags.HasFlag(RecordFlags.OutcomeUnknown))
            return Reject(http, policy, Rejection.OutcomeUnknown(options));
        if (record.Flags.HasFlag(RecordFlags.NotReplayable))
            return Reject(http, policy, Rejection.NotReplayable(options));

        await ResponseReplay.SendAsync(http.Response, record, options);
        Log.Replayed(logger, new KeyHash(storageKey), record.StatusCode);
        metrics.Finished(http, policy, "replayed");
        return null;
    }

    private async ValueTask<Rejection?> ExecuteAsync(
        HttpContext http, IdempotencyPolicy policy, IdempotencyContext context, string storageKey, IdempotencyClaim claim, Execution run, object next)
    {
        await using var held = new ActiveClaim(claim, storageKey, policy.Options, _services);
        try
        {
            if (claim.PreviousRecord is { } previous && await PrepareRepeatAsync(http, policy, context, storageKey, previous) is { } rejection)
                return rejection;

            using var execution = await IdempotentExecution.StartAsync(http, policy.Options, context, held, _services);
            Log.Executes(logger, held.KeyHash, policy.Name);
            try
            {
                await execution.RunAsync(run, next);
            }
            finally
            {
                metrics.Finished(http, policy, execution.Outcome);
            }

            return null;
        }
        catch (RequestBodyTooLargeException) when (!context.ActionRan)
        {
            return Reject(http, policy, Rejection.BodyTooLarge(policy.Options));
        }
    }

    /// <summary>Manual mode: tells the action what it repeats, before it runs.</summary>
    private async ValueTask<Rejection?> PrepareRepeatAsync(
        HttpContext http, IdempotencyPolicy policy, IdempotencyContext context, string storageKey, ReadOnlySequence<byte> previous)
    {
        if (!protection.TryRead(storageKey, previous, out var record))
            return Reject(http, policy, Rejection.RecordUnreadable(policy.Options));

        if (record.Flags.HasFlag(RecordFlags.OutcomeUnknown))
            return Reject(http, policy, Rejection.OutcomeUnknown(policy.Options));

        var fingerprint = await RequestFingerprint.BufferAsync(
            http.Request, record.Fingerprint.Form, policy.Options.MaxBufferedBodySize, http.RequestAborted);
        context.Repeats(record, record.Fingerprint.Matches(fingerprint));
        return null;
    }

    private Rejection Reject(HttpContext http, IdempotencyPolicy policy, Rejection rejection)
    {
        Log.Rejected(logger, rejection.Code, policy.Name);
        metrics.Finished(http, policy, rejection.Code);
        return rejection;
    }
}
