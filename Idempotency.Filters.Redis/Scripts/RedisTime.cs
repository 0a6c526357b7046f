namespace Idempotency.Filters.Redis.Scripts;

/// <summary>Spans as the scripts take them.</summary>
internal static class RedisTime
{
    // Stands for "for ever" under a key that needs an end.
    private static readonly TimeSpan Century = TimeSpan.FromDays(36_525);

    /// <summary>In whole milliseconds, rounded up: nothing ends early.</summary>
    public static long Milliseconds(TimeSpan? span) => span is { } finite && finite < Century
        ? (long)Math.Ceiling(finite.TotalMilliseconds)
        : (long)Century.TotalMilliseconds;

    /// <summary>As <see cref="Milliseconds"/>, and 1 for no time at all, which must not become for ever; 0 = without an end.</summary>
    public static long MillisecondsOrNone(TimeSpan? span) => span is null ? 0 : Math.Max(1, Milliseconds(span));
}
