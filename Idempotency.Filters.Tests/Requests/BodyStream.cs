namespace Idempotency.Filters.Tests.Requests;

/// <summary>A request body like a server's: it can be read once, in pieces as they arrive.</summary>
internal sealed class BodyStream(byte[] body, params int[] sizes) : Stream
{
    private readonly Queue<byte[]> _pieces = new(Segments.Pieces(body, sizes));
    private ReadOnlyMemory<byte> _current;

    /// <summary>Thrown instead of the end.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Awaited instead of the end, until the read is cancelled.</summary>
    public bool NeverEnds { get; init; }

    /// <summary>Awaited before every read.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public bool IsClosed { get; private set; }

    public int SynchronousReads { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Gate;
        if (NeverEnds && _current.IsEmpty && _pieces.Count == 0)
            await Task.Delay(Timeout.Infinite, cancellationToken);
        return Next(buffer.Span);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        SynchronousReads++;
        return Next(buffer);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        IsClosed = true;
        base.Dispose(disposing);
    }

    private int Next(Span<byte> buffer)
    {
        if (_current.IsEmpty && _pieces.Count == 0)
            return Failure is null ? 0 : throw Failure;
        if (_current.IsEmpty)
            _current = _pieces.Dequeue();

        var count = Math.Min(buffer.Length, _current.Length);
        _current.Span[..count].CopyTo(buffer);
        _current = _current[count..];
        return count;
    }
}
