namespace Idempotency.Filters.Stores.Memory;

/// <summary>A bounded amount that is exact under races: take room before you use it, and give it back afterwards.</summary>
internal sealed class MemoryGauge(long limit)
{
    private readonly double _warnAt = limit * 0.8;
    private readonly double _rearmBelow = limit * 0.7;
    private long _used;
    private int _warned;

    public long Limit => limit;

    public long Used => Volatile.Read(ref _used);

    public bool TryTake(long amount)
    {
        // Do not add first and subtract when that was too much: in between, others would be refused although there is room for them.
        var used = Used;
        while (used + amount <= limit)
        {
            var seen = Interlocked.CompareExchange(ref _used, used + amount, used);
            if (seen == used)
                return true;

            used = seen;
        }

        return false;
    }

    public void Give(long amount)
    {
        if (Interlocked.Add(ref _used, -amount) < _rearmBelow)
            Volatile.Write(ref _warned, 0);
    }

    /// <summary>True once when the amount reaches 80 % of the limit, and again only after it has fallen below 70 %.</summary>
    public bool BecameNearlyFull() => Used >= _warnAt && Interlocked.Exchange(ref _warned, 1) == 0;
}
