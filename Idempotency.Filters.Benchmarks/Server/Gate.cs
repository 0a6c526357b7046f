namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>What the gated action waits for, so that a crowd can gather behind it.</summary>
internal static class Gate
{
    private static readonly TaskCompletionSource Source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private static int _arrived;

    public static Task Opened => Source.Task;

    /// <summary>How many requests have come as far as their claim.</summary>
    public static int Arrived => Volatile.Read(ref _arrived);

    public static void Arrive() => Interlocked.Increment(ref _arrived);

    public static void Open() => Source.TrySetResult();
}
