using System.Runtime.InteropServices;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>Counts the keys that each caller holds.</summary>
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

    public bool TryTake(string caller)
    {
        lock (_gate)
        {
            ref var held = ref CollectionsMarshal.GetValueRefOrAddDefault(_held, caller, out _);
            if (held >= limit)
                return false;

            held++;
            return true;
        }
    }

    public void Give(string caller)
    {
        lock (_gate)
        {
            if (--CollectionsMarshal.GetValueRefOrNullRef(_held, caller) == 0)
                _held.Remove(caller);
        }
    }
}
