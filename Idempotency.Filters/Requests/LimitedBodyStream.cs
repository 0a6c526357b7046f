namespace Idempotency.Filters.Requests;

/// <summary>A request body of which no more may be read than a limit allows.</summary>
/// <param name="inner">The body.</param>
/// <param name="maxBytes">A read of more throws a <see cref="RequestBodyTooLargeException"/>.</param>
internal sealed class LimitedBodyStream(Stream inner, long maxBytes) : RequestBodyStream
{
    private long _count;

    /// <summary>Limits a body; null = there is no limit.</summary>
    public static Stream Limit(Stream body, long? maxBytes) => maxBytes is { } limit ? new LimitedBodyStream(body, limit) : body;

    public override int Read(Span<byte> buffer) => Count(inner.Read(buffer));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Count(await inner.ReadAsync(buffer, cancellationToken));

    private int Count(int read)
    {
        _count += read;
        return _count <= maxBytes ? read : throw new RequestBodyTooLargeException();
    }
}
