namespace Idempotency.Filters.TestSupport;

/// <summary>Counts how often actions ran; an action answers with its number, so that a replay can be told from a second run.</summary>
public sealed class Runs
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public int Next() => Interlocked.Increment(ref _count);
}
