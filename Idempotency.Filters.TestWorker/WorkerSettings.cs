namespace Idempotency.Filters.TestWorker;

/// <summary>What a test chooses on the command line: <c>--Redis 127.0.0.1:6379 --Lease 00:00:02</c>.</summary>
public sealed class WorkerSettings
{
    public required string Redis { get; init; }

    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    public InterruptedBehavior WhenInterrupted { get; init; }

    public TimeSpan OperationTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>By how much the clock of this process goes wrong.</summary>
    public TimeSpan ClockShift { get; init; }
}
