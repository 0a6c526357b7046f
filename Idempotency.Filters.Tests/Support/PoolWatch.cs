using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Runtime.InteropServices;

namespace Idempotency.Filters.Tests.Support;

/// <summary>
/// Watches arrays return to the shared pool. Others may rent them at once. "Returned once" means: a return comes first, and there is no
/// second return before the array was rented again.
/// </summary>
internal sealed class PoolWatch : EventListener
{
    private const int BufferRented = 1;
    private const int BufferReturned = 3;

    private readonly ConcurrentDictionary<int, string> _events = [];

    /// <summary>Forgets the events so far.</summary>
    public void Restart() => _events.Clear();

    /// <summary>Whether none of the arrays was returned.</summary>
    public bool SawNone(IEnumerable<byte[]> arrays) => arrays.All(array => EventsOf(array).Length == 0);

    /// <summary>Whether all of the arrays, rented before the watch began, were returned once.</summary>
    public bool SawEachOnce(IEnumerable<byte[]> arrays) =>
        arrays.All(array => EventsOf(array) is ['<', ..] events && !events.Contains("<<", StringComparison.Ordinal));

    /// <summary>Whether any of the arrays was returned.</summary>
    public bool SawReturnOf(IEnumerable<byte[]> arrays) => arrays.Any(array => EventsOf(array).Contains('<', StringComparison.Ordinal));

    /// <summary>The arrays behind a sequence.</summary>
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
        if (eventData.EventId is BufferRented or BufferReturned)
            _events.AddOrUpdate((int)eventData.Payload![0]!, id => Mark(eventData), (_, events) => events + Mark(eventData));
    }

    private static string Mark(EventWrittenEventArgs eventData) => eventData.EventId == BufferReturned ? "<" : ">";

    // The pool's events identify an array by its hash code.
    private string EventsOf(byte[] array) => _events.GetValueOrDefault(array.GetHashCode(), "");
}
