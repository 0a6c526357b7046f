namespace Idempotency.Filters.Primitives;

/// <summary>
/// What was worked out lately, for keys that come back. Each key has one place, which it loses to the next one that has the same: bounded,
/// and without a lock.
/// </summary>
internal sealed class RecentValues<TKey, TValue>(Func<TKey, TValue> make)
    where TKey : IEquatable<TKey>
{
    // A power of two.
    private const int Places = 256;

    private readonly Entry?[] _entries = new Entry?[Places];

    public TValue Get(TKey key)
    {
        ref var place = ref _entries[key.GetHashCode() & (Places - 1)];
        if (place is { } known && known.Key.Equals(key))
            return known.Value;

        var value = make(key);
        place = new(key, value);
        return value;
    }

    private sealed record Entry(TKey Key, TValue Value);
}
