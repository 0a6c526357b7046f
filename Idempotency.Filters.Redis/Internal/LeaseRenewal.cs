using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>
/// Renews all leases that this process holds at a third of their length. One timer looks at them; each renewal goes its own way from
/// there, so that a slow one delays no other.
/// </summary>
internal sealed class LeaseRenewal : IDisposable
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1L);

    private readonly RedisCalls _calls;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly long _origin;
    private readonly Lock _gate = new();
    private readonly LinkedList<RenewedLease> _held = new();
    private readonly ITimer _timer;
    private TimeSpan _pace = TimeSpan.MaxValue;

    public LeaseRenewal(RedisCalls calls, TimeProvider timeProvider, ILogger logger)
    {
        _calls = calls;
        _timeProvider = timeProvider;
        _logger = logger;
        _origin = timeProvider.GetTimestamp();
        // The timer serves all requests: it carries the context of none.
        using (ExecutionContext.SuppressFlow())
            _timer = timeProvider.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ticks by the monotonic clock: an adjusted system clock must neither end a lease nor prolong it.</summary>
    public long Now => _timeProvider.GetElapsedTime(_origin).Ticks;

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
            RedisStoreLog.LeaseRanOut(_logger, new(lease.Key));
            lease.Lose();
        }

        // Also a lease that ran out: its holder still works, and perhaps nobody has taken the key over.
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
            var now = Now;
            var answer = await _calls.EvaluateAsync(RedisScript.Renew, lease.Keys, [lease.Token], CancellationToken.None);
            lease.InDoubt |= answer.InDoubt;
            var result = (int)answer.Result;
            if (result == 1)
                Confirm(lease, now);
            else if (Remove(lease) && result == 0)
                lease.Lose();
        }
        catch (Exception exception)
        {
            lease.InDoubt = true;
            RedisStoreLog.RenewalFailed(_logger, exception, new(lease.Key));
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
        var period = pace == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : pace < LongestTimer ? pace : LongestTimer;
        _timer.Change(period, period);
    }
}
