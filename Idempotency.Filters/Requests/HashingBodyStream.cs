namespace Idempotency.Filters.Requests;

/// <summary>Hashes a request body while somebody reads it.</summary>
/// <param name="inner">The body.</param>
/// <param name="hasher">Owned by this stream until <see cref="Seal"/> hands it out.</param>
internal sealed class HashingBodyStream(Stream inner, BodyHasher hasher) : RequestBodyStream
{
    private BodyHasher? _hasher = hasher;
    private int _reading;

    public Stream Inner => inner;

    /// <summary>Whether a read failed because of the body or its connection.</summary>
    public bool ReadFailed { get; private set; }

    /// <summary>Whether a read reached the end.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether nobody has read anything.</summary>
    public bool IsUnread => !Ended && _hasher is { Length: 0 };

    /// <summary>Whether a read is under way. After the action, that means its reader left without awaiting it.</summary>
    public bool IsBeingRead => Volatile.Read(ref _reading) > 0;

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

    /// <summary>Hashes bytes that somebody has read.</summary>
    /// <param name="bytes">The bytes, in order.</param>
    /// <param name="ended">Whether no bytes follow them.</param>
    public void Observe(ReadOnlySpan<byte> bytes, bool ended)
    {
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
