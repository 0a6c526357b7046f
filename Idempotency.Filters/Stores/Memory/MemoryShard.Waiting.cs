namespace Idempotency.Filters.Stores.Memory;

internal sealed partial class MemoryShard
{
    public void TimeOut(MemoryWaiter waiter)
    {
        lock (_gate)
        {
            if (waiter.Entry is not { } entry)
                return;

            // The lease may end in the same instant as the wait: then the waiter gets the key, not a timeout.
            Settle(entry, store.Clock.Now);
            if (waiter.Entry is not null)
            {
                Dequeue(waiter);
                waiter.SetResult(ClaimResult.InFlight);
            }
        }
    }

    public void Cancel(MemoryWaiter waiter, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // A waiter that has left the queue already has its answer. It may be a claim, which the caller must get and dispose.
            if (waiter.Entry is not null)
            {
                Dequeue(waiter);
                waiter.SetCanceled(cancellationToken);
            }
        }
    }

    private void LookAgain(MemoryEntry entry)
    {
        lock (_gate)
        {
            if (entry.Waiters is not null)
                Settle(entry, store.Clock.Now);
        }
    }

    private void Enqueue(MemoryWaiter waiter, MemoryEntry entry, long now)
    {
        if (entry.Waiters is null)
        {
            entry.Waiters = new(store.Clock, () => LookAgain(entry));
            entry.Waiters.SetTimer(UntilLeaseEnds(entry, now));
        }

        entry.Waiters.Add(waiter);
        waiter.Entry = entry;
    }

    private static void Dequeue(MemoryWaiter waiter)
    {
        waiter.Entry!.Waiters!.Remove(waiter);
        if (waiter.Entry.Waiters.IsEmpty)
            waiter.Entry.Waiters = null;

        waiter.Entry = null;
    }

    /// <summary>Gives a record to all waiters. A claim goes to the first waiter only, and the others keep waiting.</summary>
    private void Serve(MemoryEntry entry, long now)
    {
        if (entry.StateAt(now) == MemoryKeyState.Completed)
        {
            for (var node = entry.Waiters?.First; node is not null;)
            {
                var waiter = node.Value;
                node = node.Next;
                if (!waiter.Options.OverCompleted)
                {
                    Dequeue(waiter);
                    waiter.SetResult(Answer(entry, waiter.Options, now));
                }
            }
        }

        while (entry.Waiters?.First?.Value is { } first && entry.StateAt(now) != MemoryKeyState.InFlight)
        {
            Dequeue(first);
            first.SetResult(Answer(entry, first.Options, now));
        }

        entry.Waiters?.SetTimer(UntilLeaseEnds(entry, now));
    }

    private static TimeSpan UntilLeaseEnds(MemoryEntry entry, long now) => TimeSpan.FromTicks(entry.Claim!.LeaseEndsAt - now);
}
