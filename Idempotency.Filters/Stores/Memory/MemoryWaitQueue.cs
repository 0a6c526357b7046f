using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>The waiters for one key, first come first served, and one timer that checks the key when its lease ends.</summary>
internal sealed class MemoryWaitQueue(StoreClock clock, Action leaseEnded)
{
    private readonly LinkedList<MemoryWaiter> _waiters = new();
    private ITimer? _timer;

    public bool IsEmpty => _waiters.Count == 0;

    public LinkedListNode<MemoryWaiter>? First => _waiters.First;

    public void Add(MemoryWaiter waiter) => _waiters.AddLast(waiter.Node);

    public void Remove(MemoryWaiter waiter)
    {
        _waiters.Remove(waiter.Node);
        if (IsEmpty)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    public void SetTimer(TimeSpan untilLeaseEnds)
    {
        if (_timer is null)
            _timer = clock.StartTimer(leaseEnded, untilLeaseEnds);
        else
            _timer.Change(StoreClock.DueTime(untilLeaseEnds), Timeout.InfiniteTimeSpan);
    }
}
