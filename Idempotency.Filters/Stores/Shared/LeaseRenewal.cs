using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>
/// Renews all leases that this process holds in one store, each at a third of its length. One timer looks at all of them. Each renewal
/// runs on its own from there, so a slow one delays no other.
/// </summary>
internal sealed class LeaseRenewal : IDisposable
{
    private readonly Func<RenewedLease, Task<RenewalAnswer>> _renew;
    private readonly ILogger _logger;
    private readonly StoreClock _clock;
    private readonly Lock _gate = new();
    private readonly LinkedList<RenewedLease> _held = new();
    private readonly ITimer _timer;
    private TimeSpan _pace = TimeSpan.MaxValue;

    /// <param name="renew">Renews one lease in the store. When it throws, the renewal is tried again at the next look.</param>
    /// <param name="timeProvider">The clock of the leases.</param>
    /// <param name="logger">Hears of leases that ran out, and of renewals that failed.</param>
    public LeaseRenewal(Func<RenewedLease, Task<RenewalAnswer>> renew, TimeProvider timeProvider, ILogger logger)
    {
        _renew = renew;
        _logger = logger;
        _clock = new(timeProvider);
        // The timer serves all requests, so it must not capture the context of one.
        using (ExecutionContext.SuppressFlow())
            _timer = timeProvider.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Now, in ticks of the monotonic clock: adjusting the system clock must neither end a lease nor prolong it.</summary>
    public long Now => _clock.Now;

    public void Add(RenewedLease lease)
    {
        lock (_gate)
        {
            _held.AddLast(lease.Node);
            if (lease.Pace < _pace)
                SetPace(lease.Pace);
        }
    }

    /// <returns>Whether it was still held.</returns>
    public bool Remove(RenewedLease lease)
    {
        lock (_gate)
        {
            if (lease.Node.List is null)
                return false;

            _held.Remove(lease.Node);
            return true;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        lock (_gate)
        {
            var now = Now;
            var pace = TimeSpan.MaxValue;
            for (var node = _held.First; node is not null;)
            {
                var lease = node.Value;
                node = node.Next;
                pace = lease.Pace < pace ? lease.Pace : pace;
                LookAt(lease, now);
            }

            if (pace != _pace)
                SetPace(pace);
        }
    }

    private void LookAt(RenewedLease lease, long now)
    {
        if (now >= lease.EndsAt && !lease.Lost.IsCancellationRequested)
        {
            LeaseLog.LeaseRanOut(_logger, new(lease.Key));
            lease.Lose();
        }

        // A lease that ran out is renewed too: its holder still works, and perhaps nobody has taken the key over.
        if (now >= lease.RenewedUntil)
        {
            if (now >= lease.EndsAt)
                _held.Remove(lease.Node);
        }
        else if (now >= lease.RenewalDueAt && lease.Renewal.IsCompleted)
        {
            lease.Renewal = Task.Run(() => RenewAsync(lease));
        }
    }

    private async Task RenewAsync(RenewedLease lease)
    {
        try
        {
            // Taken before the call: the lease ends here no later than in the store.
            var now = Now;
            var answer = await _renew(lease);
            if (answer == RenewalAnswer.Renewed)
                Confirm(lease, now);
            else if (Remove(lease) && answer == RenewalAnswer.Lost)
                lease.Lose();
        }
        catch (Exception exception)
        {
            lease.InDoubt = true;
            LeaseLog.RenewalFailed(_logger, exception, new(lease.Key));
        }
    }

    private void Confirm(RenewedLease lease, long moment)
    {
        lock (_gate)
            lease.Confirm(moment);
    }

    private void SetPace(TimeSpan pace)
    {
        _pace = pace;
        var period = pace == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : pace < StoreClock.LongestTimer ? pace : StoreClock.LongestTimer;
        _timer.Change(period, period);
    }
}
