namespace Idempotency.Filters.Tests.Support;

/// <summary>A manual clock on which pauses below one second pass by themselves, for code that polls.</summary>
internal sealed class PollingTimeProvider(ManualTimeProvider clock) : TimeProvider
{
    public override long TimestampFrequency => clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override long GetTimestamp() => clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        dueTime >= TimeSpan.Zero && dueTime < TimeSpan.FromSeconds(1)
            ? System.CreateTimer(callback, state, dueTime, period)
            : clock.CreateTimer(callback, state, dueTime, period);
}
