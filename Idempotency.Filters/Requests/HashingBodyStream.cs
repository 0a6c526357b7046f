namespace Idempotency.Filters.Requests;

/// <summary>
/// Hashes a request body while somebody reads it. It allows exactly what the server's stream allows: a synchronous read stays synchronous,
/// and closing it closes nothing.
/// </summary>
/// <param name="inner">The body.</param>
/// <param name="hasher">Owned by this stream until <see cref="Seal"/> hands it out; null = only enforce the limit.</param>
/// <param name="maxBytes">Reading more throws a <see cref="RequestBodyTooLargeException"/>; null = no limit.</param>
internal sealed class HashingBodyStream(Stream inner, BodyHasher? hasher, long? maxBytes = null) : Stream
{
    private BodyHasher? _hasher = hasher;
    private long _count;
    private int _reading;

    public Stream Inner => inner;

    /// <summary>Whether a read failed because of the body or its connection.</summary>
    public bool ReadFailed { get; private set; }

    /// <summary>Whether a read reached the end.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether a read is under way. After the action, that means its reader left without awaiting it.</summary>
    public bool IsBeingRead => Volatile.Read(ref _reading) > 0;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Hands out the hasher, once. Reads that come later, or are still under way, are not hashed.</summary>
    public BodyHasher? Seal()
    {
        if (_hasher is not { } hasher)
            return null;

        lock (hasher)
            return Interlocked.CompareExchange(ref _hasher, null, hasher) == hasher ? hasher : null;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _reading);
        try
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            Observe(buffer.Span[..read], ended: read == 0 && !buffer.IsEmpty);
            return read;
        }
        catch (Exception exception) when (Note(exception, cancellationToken))
        {
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _reading);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer)
    {
        Interlocked.Increment(ref _reading);
        try
        {
            var read = inner.Read(buffer);
            Observe(buffer[..read], ended: read == 0 && !buffer.IsEmpty);
            return read;
        }
        catch (Exception exception) when (Note(exception, CancellationToken.None))
        {
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _reading);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 0 ? -1 : one[0];
    }

    // The base class would read synchronously, which servers refuse by default.
    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Hashes bytes that somebody has read.</summary>
    /// <param name="bytes">The bytes, in order.</param>
    /// <param name="ended">Whether no bytes follow them.</param>
    public void Observe(ReadOnlySpan<byte> bytes, bool ended)
    {
        _count += bytes.Length;
        Ended |= ended;

        // Once handed out, the hasher belongs to somebody else, and may already be hashing another request.
        if (_hasher is { } hasher)
        {
            lock (hasher)
            {
                if (_hasher == hasher)
                    hasher.Append(bytes);
            }
        }

        if (_count > maxBytes)
            throw new RequestBodyTooLargeException();
    }

    // Always false, for use as an exception filter. A mistake of the reader (such as a synchronous read) or its own cancellation says
    // nothing about the body: reading can go on.
    public bool Note(Exception exception, CancellationToken cancellationToken)
    {
        ReadFailed |= exception is not (InvalidOperationException or NotSupportedException or ArgumentException)
            && !(exception is OperationCanceledException && cancellationToken.IsCancellationRequested);
        return false;
    }
}
