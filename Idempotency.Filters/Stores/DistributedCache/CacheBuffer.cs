using System.Buffers;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>
/// Pooled memory that a cache writes a value to. Dispose it only after a call that completed: one that was given up may still write.
/// </summary>
internal sealed class CacheBuffer : IBufferWriter<byte>, IDisposable
{
    private readonly PooledBuffer _bytes = new();

    public ReadOnlySequence<byte> Sequence => _bytes.Sequence;

    public void Advance(int count) => _bytes.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0) => _bytes.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose() => _bytes.Release();
}
