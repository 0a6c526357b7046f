namespace Idempotency.Filters.TestSupport;

/// <summary>Counts how often actions ran. An action answers with its number, so a replay differs from a second run.</summary>
public sealed class Runs
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public int Next() => Interlocked.Increment(ref _count);
}
