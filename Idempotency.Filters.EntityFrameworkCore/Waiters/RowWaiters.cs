using System.Collections.Concurrent;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.EntityFrameworkCore.Waiters;

/// <summary>
/// All requests of this process that wait for keys of one store. Those who wait for the same key share one <see cref="RowWaitQueue"/>, so
/// that a thousand of them ask the database no more often than one.
/// </summary>
/// <param name="look">Looks at a key, and takes no lock.</param>
/// <param name="timeProvider">The clock of the waits.</param>
internal sealed class RowWaiters(Func<Database, RowKey, Task<RowLook>> look, TimeProvider timeProvider)
{
    private readonly ConcurrentDictionary<(Database Database, string Key), RowWaitQueue> _queues = new();

    /// <summary>As <see cref="IIdempotencyStore.WaitAsync"/>, for a <paramref name="timeout"/> of more than zero.</summary>
    /// <param name="database">Where the key is.</param>
    /// <param name="key">The key.</param>
    /// <param name="over">Whether this one claims over a record.</param>
    /// <param name="timeout">The longest time to wait.</param>
    /// <param name="claim">Claims the key, in the request of the one who waits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<ClaimResult> WaitAsync(
        Database database, StorageKey key, bool over, TimeSpan timeout, Func<CancellationToken, ValueTask<ClaimResult>> claim,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // A longer wait is as good as for ever.
        var end = Task.Delay(timeout < StoreClock.LongestTimer ? timeout : StoreClock.LongestTimer, timeProvider, leaving.Token);
        var waiter = new RowWaiter(over);
        var queue = Join(database, key, waiter);
        try
        {
            while (true)
            {
                var turn = waiter.Turn;
                if (await Task.WhenAny(turn, end) == end && !turn.IsCompleted)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    return ClaimResult.InFlight;
                }

                if (await turn is { } answer)
                    return answer;

                var result = await claim(cancellationToken);
                if (result.Outcome != ClaimOutcome.InFlight)
                    return result;
                waiter.AttemptedInVain();
            }
        }
        finally
        {
            queue.Leave(waiter);
            await leaving.CancelAsync();
        }
    }

    /// <summary>This process has completed the key, or given it up.</summary>
    public void Changed(Database database, string key)
    {
        if (_queues.TryGetValue((database, key), out var queue))
            queue.Changed();
    }

    private RowWaitQueue Join(Database database, StorageKey key, RowWaiter waiter)
    {
        var name = (database, key.Value);
        while (true)
        {
            if (_queues.TryGetValue(name, out var queue))
            {
                if (queue.TryJoin(waiter))
                    return queue;

                _queues.TryRemove(new(name, queue));
                continue;
            }

            var row = RowKey.Of(key);
            queue = new(() => look(database, row), timeProvider);
            queue.TryJoin(waiter);
            if (!_queues.TryAdd(name, queue))
                continue;

            // The loop serves every request that joins: it belongs to none, and carries none's context.
            using (ExecutionContext.SuppressFlow())
                _ = Task.Run(() => RunAsync(name, queue, waiter));
            return queue;
        }
    }

    private async Task RunAsync((Database Database, string Key) name, RowWaitQueue queue, RowWaiter first)
    {
        await queue.RunAsync(first);
        _queues.TryRemove(new(name, queue));
    }
}
