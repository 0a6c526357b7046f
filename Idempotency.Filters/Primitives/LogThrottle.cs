namespace Idempotency.Filters.Primitives;

/// <summary>
/// Admits one line a second to a log, the first one at once. A store that is down would otherwise fill the log with what every request says
/// again.
/// </summary>
internal sealed class LogThrottle(TimeProvider timeProvider)
{
    private long _closedUntil = long.MinValue;
    private int _leftOut;

    /// <param name="leftOut">How many lines were left out since the last one that was admitted.</param>
    public bool Admits(out LeftOutLines leftOut)
    {
        var now = timeProvider.GetTimestamp();
        var closedUntil = Volatile.Read(ref _closedUntil);
        if (now < closedUntil
            || Interlocked.CompareExchange(ref _closedUntil, now + timeProvider.TimestampFrequency, closedUntil) != closedUntil)
        {
            Interlocked.Increment(ref _leftOut);
            leftOut = default;
            return false;
        }

        leftOut = new(Interlocked.Exchange(ref _leftOut, 0));
        return true;
    }
}
