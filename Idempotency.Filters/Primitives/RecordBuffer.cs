using System.Buffers;

namespace Idempotency.Filters.Primitives;

/// <summary>
/// The bytes of a record: a head that it owns, then the segments of a body that it does not own. The body must outlive it.
/// </summary>
internal readonly struct RecordBuffer : IDisposable
{
    private readonly byte[] _head;

    /// <param name="head">An array from the shared pool. <see cref="Dispose"/> returns it, so call that exactly once.</param>
    /// <param name="length">How many bytes of the head are used.</param>
    /// <param name="body">Linked behind the head, not copied.</param>
    public RecordBuffer(byte[] head, int length, in ReadOnlySequence<byte> body)
    {
        _head = head;
        if (body.IsEmpty)
        {
            Sequence = new ReadOnlySequence<byte>(head, 0, length);
            return;
        }

        var first = new Segment(head.AsMemory(0, length), null);
        var last = first;
        foreach (var memory in body)
        {
            if (!memory.IsEmpty)
                last = new Segment(memory, last);
        }

        Sequence = new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    /// <summary>Valid until disposal. Dispose only after a store call that completed: one that was given up may still read it.</summary>
    public ReadOnlySequence<byte> Sequence { get; }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_head);

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is null)
                return;
            RunningIndex = previous.RunningIndex + previous.Memory.Length;
            previous.Next = this;
        }
    }
}
