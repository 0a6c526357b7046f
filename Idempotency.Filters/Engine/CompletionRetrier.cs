using System.Buffers;
using System.Collections.Concurrent;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Records;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Engine;

/// <summary>
/// Gets records into the store. It makes a few quick attempts while the client waits, more in the background while the claim lasts, and a
/// last one at shutdown. The key stays closed throughout, because its action has run.
/// </summary>
internal sealed class CompletionRetrier(
    RecordProtection protection, PendingRecords pending, IdempotencyMetrics metrics, TimeProvider timeProvider,
    ILogger<IdempotencyEngine> logger)
    : IHostedService, IDisposable
{
    private static readonly TimeSpan[] QuickPauses = [TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(200)];
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, bool> _pending = [];
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _live;

    public StoreFaultLog Faults { get; } = new(logger, timeProvider);

    /// <summary>How many records wait in the background for the store.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>Why no new claim may begin: its record, too, might have to wait. Null when it may.</summary>
    public IdempotencyStoreFullException? Overload => pending.Overload;

    /// <summary>A request holds a claim: a shutdown waits for it.</summary>
    public void Entered() => Interlocked.Increment(ref _live);

    /// <summary>The request has ended its claim, or handed it over.</summary>
    public void Left()
    {
        if (Interlocked.Decrement(ref _live) == 0 && _stopping.IsCancellationRequested)
            _drained.TrySetResult();
    }

    /// <summary>Completes a claim. It changes nothing but the store: the request itself acts on the result.</summary>
    /// <param name="claim">The claim. When the attempt goes on in the background, it is ended there.</param>
    /// <param name="record">The record, as it is before its protection.</param>
    /// <param name="retention">How long to keep it; null = for ever.</param>
    public async ValueTask<CompletionResult> CompleteAsync(ActiveClaim claim, ReadOnlySequence<byte> record, TimeSpan? retention)
    {
        var bufferIsInUse = false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new(await AttemptAsync(claim, record, retention), bufferIsInUse, GoesOn: false);
            }
            catch (Exception exception)
            {
                bufferIsInUse = true;
                Faults.CompletionFailed(exception, claim.KeyHash, attempt);
            }

            if (attempt > QuickPauses.Length)
                break;
            await Task.Delay(QuickPauses[attempt - 1], timeProvider);
        }

        HandOver(claim, record, retention);
        return new(default, bufferIsInUse, GoesOn: true);
    }

    /// <summary>
    /// Completes a transactional claim. Nothing of the action stands before the store has committed, so a failure leaves nothing to save,
    /// and nothing is tried again.
    /// </summary>
    public async ValueTask<Completion> CommitAsync(ActiveClaim claim, ReadOnlySequence<byte> record, TimeSpan? retention)
    {
        var stored = protection.Protect(claim.Key.Value, record);
        var completion = await CallAsync(claim, stored, retention);
        if (completion.Outcome is CompletionOutcome.LeaseLost)
            metrics.LeaseLost(claim.Store, isRestored: false);
        return completion;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Waits for the actions that still run, then gives every pending record a last chance.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        if (Volatile.Read(ref _live) == 0)
            _drained.TrySetResult();
        try
        {
            await _drained.Task.WaitAsync(cancellationToken);
            await Task.WhenAll(_pending.Keys).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The host waits no longer. An action that still runs keeps its key closed until the lease ends.
        }
    }

    public void Dispose() => _stopping.Dispose();

    private async ValueTask<Completion> AttemptAsync(ActiveClaim claim, ReadOnlySequence<byte> record, TimeSpan? retention)
    {
        // Inside the attempt, so that a protector that fails is retried like a store that fails.
        var stored = protection.Protect(claim.Key.Value, record);
        var completion = await CallAsync(claim, stored, retention);
        switch (completion.Outcome)
        {
            case CompletionOutcome.TooLarge when ResponseRecord.TryRead(record, out var whole, out _) && whole.Flags is RecordFlags.None:
                Log.NotReplayable(logger, claim.KeyHash, "too large for the store, or no room in it");
                // No using: after a failed call the store may still read the buffer.
                var small = whole.AsNotReplayable().Write();
                var smallCompletion = await AttemptAsync(claim, small.Sequence, retention);
                small.Dispose();
                return smallCompletion;
            case CompletionOutcome.TooLarge:
                throw new InvalidOperationException("The store has no room even for a record without a body.");
            case CompletionOutcome.None:
                throw new InvalidOperationException(
                    "The store answered a completion with None: it must return one of the results of Completion.");
            case CompletionOutcome.LeaseLost:
                metrics.LeaseLost(claim.Store, isRestored: false);
                Log.LeaseLost(logger, claim.KeyHash);
                break;
            case CompletionOutcome.Restored:
                metrics.LeaseLost(claim.Store, isRestored: true);
                Log.Restored(logger, claim.KeyHash);
                break;
        }

        return completion;
    }

    private async ValueTask<Completion> CallAsync(ActiveClaim claim, ReadOnlySequence<byte> stored, TimeSpan? retention)
    {
        var call = metrics.StoreCall("complete", claim.Store);
        try
        {
            var completion = await claim.Claim.CompleteAsync(stored, retention, CancellationToken.None);
            call.End();
            return completion;
        }
        catch (Exception exception)
        {
            call.Fail(exception);
            throw;
        }
    }

    // By itself: what the lambda takes along would cost every completion otherwise.
    private void HandOver(ActiveClaim claim, ReadOnlySequence<byte> record, TimeSpan? retention)
    {
        var kept = pending.Add(claim, record);
        var task = CompleteInBackgroundAsync(claim, kept, retention);
        _pending.TryAdd(task, true);
        _ = task.ContinueWith(
            done =>
            {
                pending.Remove(claim, kept);
                _pending.TryRemove(done, out _);
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async Task CompleteInBackgroundAsync(ActiveClaim claim, byte[] record, TimeSpan? retention)
    {
        // Taken now: an attempt may outlast the shutdown, which disposes the source.
        var stopping = _stopping.Token;
        await Task.Yield();
        var started = timeProvider.GetTimestamp();
        Exception? last = null;
        // It goes on after the claim's Lost has fired: perhaps nobody has taken the key over, and if somebody has, the store says so.
        for (var pause = FirstPause; timeProvider.GetElapsedTime(started) < claim.Patience; pause = Backoff.After(pause, LongestPause))
        {
            await Task.Delay(pause, timeProvider, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var lastChance = stopping.IsCancellationRequested;
            try
            {
                using var completion = await AttemptAsync(claim, new ReadOnlySequence<byte>(record), retention);
                await EndAsync(claim);
                return;
            }
            catch (Exception exception)
            {
                last = exception;
            }

            if (lastChance)
                break;
        }

        metrics.RecordLost(claim.Store, last);
        Log.CompletionGivenUp(logger, last, claim.KeyHash);
        await EndAsync(claim, abandon: true);
    }

    /// <summary>Never throws: no caller is left, and a shutdown must go on.</summary>
    private async Task EndAsync(ActiveClaim claim, bool abandon = false)
    {
        try
        {
            if (abandon)
                claim.Claim.Abandon();
            await claim.Claim.DisposeAsync();
        }
        catch (Exception exception)
        {
            Faults.ReleaseFailed(exception, claim.KeyHash);
        }
    }
}
