using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Runtime.InteropServices;

namespace Idempotency.Filters.Tests.Capture;

/// <summary>
/// Follows buffers of the shared array pool. The pool names them by their hash codes, and others in the process may rent what was given back.
/// </summary>
internal sealed class PoolWatch : EventListener
{
    private const int BufferRented = 1;
    private const int BufferReturned = 3;

    private readonly ConcurrentDictionary<int, (int Returned, int Rented)> _watched = [];

    /// <summary>Starts to count, for arrays that are rented now.</summary>
    public List<byte[]> Watch(in ReadOnlySequence<byte> sequence)
    {
        var arrays = ArraysOf(sequence);
        foreach (var array in arrays)
            _watched[array.GetHashCode()] = default;
        return arrays;
    }

    public bool WasReturned(byte[] array) => _watched[array.GetHashCode()].Returned > 0;

    /// <summary>Whether it was given back more often than it was rented: then two would get it.</summary>
    public bool IsTwiceInThePool(byte[] array) => _watched[array.GetHashCode()] is var (returned, rented) && returned - rented > 1;

    /// <summary>The arrays under a sequence.</summary>
    private static List<byte[]> ArraysOf(in ReadOnlySequence<byte> sequence)
    {
        var arrays = new List<byte[]>();
        foreach (var memory in sequence)
        {
            if (MemoryMarshal.TryGetArray(memory, out var segment) && segment.Array is { Length: > 0 } array)
                arrays.Add(array);
        }

        return arrays;
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Buffers.ArrayPoolEventSource")
            EnableEvents(eventSource, EventLevel.Verbose);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        var (returned, rented) = (eventData.EventId == BufferReturned ? 1 : 0, eventData.EventId == BufferRented ? 1 : 0);
        if (returned + rented == 0)
            return;

        var id = (int)eventData.Payload![0]!;
        if (_watched.ContainsKey(id))
            _watched.AddOrUpdate(id, default((int, int)), (_, counts) => (counts.Returned + returned, counts.Rented + rented));
    }
}
