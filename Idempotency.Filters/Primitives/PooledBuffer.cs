using System.Buffers;

namespace Idempotency.Filters.Primitives;

/// <summary>A growing buffer of pooled segments. Appending never moves the bytes that are already there.</summary>
internal sealed class PooledBuffer
{
    private const int FirstSegment = 4 * 1024;
    private const int LargestSegment = 64 * 1024;

    private Segment? _first;
    private Segment? _last;
    private bool _isLent;

    public long Length { get; private set; }

    public ReadOnlySequence<byte> Sequence
    {
        get
        {
            if (_first is null)
                return ReadOnlySequence<byte>.Empty;

            for (var segment = _first; segment is not null; segment = segment.Following)
                segment.Seal();
            return new ReadOnlySequence<byte>(_first, 0, _last!, _last!.Used);
        }
    }

    /// <summary>Lends memory to write to. The loan ends with the next <see cref="Advance"/>.</summary>
    public Memory<byte> GetMemory(int sizeHint)
    {
        _isLent = true;
        return Space(sizeHint);
    }

    public void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _last?.Free ?? 0);
        if (_last is not null)
            _last.Used += bytes;
        Length += bytes;
        _isLent = false;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var space = Space(0);
            var part = Math.Min(space.Length, bytes.Length);
            bytes[..part].CopyTo(space.Span);
            Advance(part);
            bytes = bytes[part..];
        }
    }

    /// <summary>
    /// Returns the segments to the pool. Nobody may read <see cref="Sequence"/> afterwards. A segment that is still lent is not returned:
    /// its writer may write late, and by then the pool may have given the memory to another response.
    /// </summary>
    public void Release()
    {
        for (var segment = _first; segment is not null; segment = segment.Following)
        {
            if (segment != _last || !_isLent)
                ArrayPool<byte>.Shared.Return(segment.Array);
        }

        _first = _last = null;
        Length = 0;
    }

    private Memory<byte> Space(int sizeHint)
    {
        if (_last is null || _last.Free < Math.Max(sizeHint, 1))
            Grow(sizeHint);
        return _last!.Array.AsMemory(_last.Used);
    }

    private void Grow(int sizeHint)
    {
        var size = _last is null ? FirstSegment : Math.Min(_last.Array.Length * 2, LargestSegment);
        var segment = new Segment(ArrayPool<byte>.Shared.Rent(Math.Max(size, sizeHint)), Length);
        _first ??= segment;
        _last?.Follow(segment);
        _last = segment;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] array, long start)
        {
            Array = array;
            RunningIndex = start;
        }

        public byte[] Array { get; }

        public int Used { get; set; }

        public int Free => Array.Length - Used;

        public Segment? Following => (Segment?)Next;

        public void Follow(Segment next) => Next = next;

        public void Seal() => Memory = Array.AsMemory(0, Used);
    }
}
