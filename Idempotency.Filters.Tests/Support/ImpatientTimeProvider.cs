namespace Idempotency.Filters.Tests.Support;

/// <summary>
/// A clock on which short pauses end at once and move the time by their length. Long pauses never end. For retries with back-off.
/// </summary>
/// <param name="longest">The longest pause that ends; null = a minute.</param>
internal sealed class ImpatientTimeProvider(TimeSpan? longest = null) : TimeProvider
{
    private readonly TimeSpan _longest = longest ?? TimeSpan.FromMinutes(1);

    private readonly DateTimeOffset _origin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _origin.AddTicks(Volatile.Read(ref _elapsed));

    public override long GetTimestamp() => Volatile.Read(ref _elapsed);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < TimeSpan.Zero || dueTime > _longest)
            return System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        Interlocked.Add(ref _elapsed, dueTime.Ticks);
        return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
