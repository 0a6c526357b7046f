using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Runtime.InteropServices;

namespace Idempotency.Filters.Tests.Capture;

/// <summary>Counts how often buffers went back to the shared array pool.</summary>
internal sealed class PoolWatch : EventListener
{
    private const int BufferReturned = 3;

    private readonly ConcurrentDictionary<int, int> _returned = [];

    /// <summary>How often each of <paramref name="arrays"/> was given back. The pool names an array by its hash code.</summary>
    public IEnumerable<int> Returns(IEnumerable<byte[]> arrays) => arrays.Select(array => _returned.GetValueOrDefault(array.GetHashCode()));

    /// <summary>The arrays under a sequence.</summary>
    public static List<byte[]> ArraysOf(in ReadOnlySequence<byte> sequence)
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
        if (eventData.EventId == BufferReturned)
            _returned.AddOrUpdate((int)eventData.Payload![0]!, 1, (_, count) => count + 1);
    }
}
