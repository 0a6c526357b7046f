namespace Idempotency.Filters.Stores.Shared;

/// <summary>
/// Moments as ticks since the store began, from the monotonic clock: an adjusted system clock must neither end a lease nor prolong a
/// record.
/// </summary>
internal sealed class StoreClock(TimeProvider timeProvider)
{
    public const long Never = long.MaxValue;

    /// <summary>The longest due time, and the longest period, that every timer accepts: some 50 days.</summary>
    public static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1L);

    private readonly long _origin = timeProvider.GetTimestamp();

    public long Now => timeProvider.GetElapsedTime(_origin).Ticks;

    public static long After(long moment, TimeSpan? span) =>
        span is not { } by || by.Ticks > Never - moment ? Never : moment + by.Ticks;

    public ITimer StartTimer(Action elapsed, TimeSpan dueTime) =>
        timeProvider.CreateTimer(static action => ((Action)action!)(), elapsed, DueTime(dueTime), Timeout.InfiniteTimeSpan);

    // Timers count in whole milliseconds: rounded down, one would fire before its moment, and again, until the moment came.
    public static TimeSpan DueTime(TimeSpan span) =>
        span >= LongestTimer ? LongestTimer : TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(span.TotalMilliseconds)));
}
