using System.Buffers;

namespace Idempotency.Filters.TestSupport;

/// <summary>Sequences of more than one segment.</summary>
internal sealed class Segments : ReadOnlySequenceSegment<byte>
{
    public static ReadOnlySequence<byte> Of(params IEnumerable<byte[]> parts)
    {
        var first = new Segments();
        var last = first;
        foreach (var part in parts)
        {
            var next = new Segments { Memory = part, RunningIndex = last.RunningIndex + last.Memory.Length };
            last.Next = next;
            last = next;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    /// <summary>Splits the bytes into pieces of the given sizes, used in turn.</summary>
    public static ReadOnlySequence<byte> Split(byte[] bytes, params int[] sizes) => Of(Pieces(bytes, sizes));

    public static IEnumerable<byte[]> Pieces(byte[] bytes, params int[] sizes)
    {
        for (int at = 0, turn = 0; at < bytes.Length; turn++)
        {
            var size = sizes.Length == 0 ? bytes.Length : Math.Clamp(sizes[turn % sizes.Length], 1, bytes.Length - at);
            yield return bytes[at..(at + size)];
            at += size;
        }
    }
}
