using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>
/// Entries ordered by <see cref="MemoryEntry.GoneAt"/>: a binary heap in which each entry knows its slot. A
/// <see cref="PriorityQueue{TElement,TPriority}"/> cannot move or remove an element, so every released key would stay in it until its lease
/// ended.
/// </summary>
internal sealed class MemoryExpiryQueue
{
    public const int NotQueued = -1;

    private readonly List<(long At, MemoryEntry Entry)> _heap = [];

    public MemoryEntry? FirstDueAt(long now) => _heap.Count > 0 && _heap[0].At <= now ? _heap[0].Entry : null;

    /// <summary>Adds the entry at its <see cref="MemoryEntry.GoneAt"/>, or moves it there.</summary>
    public void File(MemoryEntry entry)
    {
        var at = entry.GoneAt;
        if (at == StoreClock.Never)
        {
            Remove(entry);
        }
        else if (entry.QueueSlot == NotQueued)
        {
            _heap.Add((at, entry));
            Rise(_heap.Count - 1, (at, entry));
        }
        else if (_heap[entry.QueueSlot].At != at)
        {
            Place(entry.QueueSlot, (at, entry));
        }
    }

    public void Remove(MemoryEntry entry)
    {
        var slot = entry.QueueSlot;
        if (slot == NotQueued)
            return;

        entry.QueueSlot = NotQueued;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (slot < _heap.Count)
            Place(slot, last);
    }

    private void Place(int slot, (long At, MemoryEntry Entry) node)
    {
        if (slot > 0 && node.At < _heap[Parent(slot)].At)
            Rise(slot, node);
        else
            Sink(slot, node);
    }

    private void Rise(int slot, (long At, MemoryEntry Entry) node)
    {
        while (slot > 0 && node.At < _heap[Parent(slot)].At)
        {
            Set(slot, _heap[Parent(slot)]);
            slot = Parent(slot);
        }

        Set(slot, node);
    }

    private void Sink(int slot, (long At, MemoryEntry Entry) node)
    {
        for (var child = (2 * slot) + 1; child < _heap.Count; child = (2 * slot) + 1)
        {
            if (child + 1 < _heap.Count && _heap[child + 1].At < _heap[child].At)
                child++;

            if (node.At <= _heap[child].At)
                break;

            Set(slot, _heap[child]);
            slot = child;
        }

        Set(slot, node);
    }

    private void Set(int slot, (long At, MemoryEntry Entry) node)
    {
        _heap[slot] = node;
        node.Entry.QueueSlot = slot;
    }

    private static int Parent(int slot) => (slot - 1) / 2;
}
