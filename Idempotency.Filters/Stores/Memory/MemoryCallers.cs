using System.Runtime.InteropServices;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>
/// How many keys each caller holds. The caller is what precedes the last colon of a storage key; a key without one is its own caller.
/// </summary>
internal sealed class MemoryCallers(int limit)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);

    public int Count
    {
        get
        {
            lock (_gate)
                return _held.Count;
        }
    }

    public bool TryTake(string key)
    {
        lock (_gate)
        {
            ref var held = ref CollectionsMarshal.GetValueRefOrAddDefault(
                _held.GetAlternateLookup<ReadOnlySpan<char>>(), CallerOf(key), out _);
            if (held >= limit)
                return false;

            held++;
            return true;
        }
    }

    public void Give(string key)
    {
        lock (_gate)
        {
            var callers = _held.GetAlternateLookup<ReadOnlySpan<char>>();
            var caller = CallerOf(key);
            if (--CollectionsMarshal.GetValueRefOrNullRef(callers, caller) == 0)
                callers.Remove(caller);
        }
    }

    private static ReadOnlySpan<char> CallerOf(string key) =>
        key.LastIndexOf(':') is >= 0 and var colon ? key.AsSpan(0, colon) : key;
}
