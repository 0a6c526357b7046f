using System.Collections.Concurrent;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>
/// All requests of this process that wait for keys of one store. Those who wait for the same key share one <see cref="KeyWatch"/>, so that
/// a thousand of them ask the store no more often than one.
/// </summary>
/// <param name="timeProvider">The clock of the waits.</param>
/// <param name="open">Begins to follow a key.</param>
internal sealed class KeyWaiters(TimeProvider timeProvider, Func<string, ValueTask<KeyWatch>> open)
{
    private readonly ConcurrentDictionary<string, KeyWaitQueue> _queues = new(StringComparer.Ordinal);

    /// <summary>As <see cref="IIdempotencyStore.WaitAsync"/>, for a <paramref name="timeout"/> of more than zero.</summary>
    public async ValueTask<ClaimResult> WaitAsync(string key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();

        var waiter = new KeyWaiter(options);
        var queue = Join(key, waiter);
        using var timer = timeProvider.CreateTimer(
            _ =>
            {
                if (queue.Leave(waiter))
                    waiter.SetResult(ClaimResult.InFlight);
            },
            // A longer wait is as good as for ever.
            null, timeout < StoreClock.LongestTimer ? timeout : StoreClock.LongestTimer, Timeout.InfiniteTimeSpan);
        using var registration = cancellationToken.UnsafeRegister(
            (_, token) =>
            {
                if (queue.Leave(waiter))
                    waiter.SetCanceled(token);
            },
            null);

        return await waiter.Task;
    }

    private KeyWaitQueue Join(string key, KeyWaiter waiter)
    {
        while (true)
        {
            if (_queues.TryGetValue(key, out var queue))
            {
                if (queue.TryJoin(waiter))
                    return queue;

                _queues.TryRemove(new(key, queue));
                continue;
            }

            queue = new KeyWaitQueue();
            queue.TryJoin(waiter);
            if (_queues.TryAdd(key, queue))
            {
                // The loop serves every request that joins: it belongs to none, and carries none's context.
                using (ExecutionContext.SuppressFlow())
                    _ = Task.Run(() => RunAsync(key, queue));
                return queue;
            }

            queue.Leave(waiter);
        }
    }

    private async Task RunAsync(string key, KeyWaitQueue queue)
    {
        await queue.RunAsync(() => open(key));
        _queues.TryRemove(new(key, queue));
    }
}
