namespace Idempotency.Filters.TestWorker;

/// <summary>A clock that somebody has set wrong: the time of day is shifted, spans are as long as they are.</summary>
internal sealed class ShiftedTimeProvider(TimeSpan shift) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + shift;
}
