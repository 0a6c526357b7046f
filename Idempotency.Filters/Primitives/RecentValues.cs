namespace Idempotency.Filters.Primitives;

/// <summary>
/// Caches computed values for keys that recur. Each key maps to one place, and a new key evicts the old one there. That bounds the size
/// and needs no lock: entries are immutable, and a lost race only computes a value twice.
/// </summary>
internal sealed class RecentValues<TKey, TValue>(Func<TKey, TValue> make)
    where TKey : IEquatable<TKey>
{
    // A power of two: Get masks the hash code with it.
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
