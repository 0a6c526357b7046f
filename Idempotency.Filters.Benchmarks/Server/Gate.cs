namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>What the gated action waits for, so that a crowd can gather behind it.</summary>
internal static class Gate
{
    private static TaskCompletionSource _opened = Closed();
    private static int _arrived;

    /// <summary>Requests that reached their claim, plus those of them that reached the action.</summary>
    public static int Arrived => Volatile.Read(ref _arrived);

    public static void Arrive() => Interlocked.Increment(ref _arrived);

    public static Task PassAsync()
    {
        var opened = Volatile.Read(ref _opened).Task;
        Arrive();
        return opened;
    }

    /// <summary>Lets those through that wait, and closes behind them.</summary>
    public static void Open() => Interlocked.Exchange(ref _opened, Closed()).SetResult();

    private static TaskCompletionSource Closed() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
