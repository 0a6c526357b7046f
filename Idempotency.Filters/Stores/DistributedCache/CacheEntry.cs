using System.Buffers;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>What the cache holds under a key. Owns the buffer of its record.</summary>
/// <param name="Envelope">What the store itself wrote before the record.</param>
/// <param name="Record">Valid until this is disposed.</param>
/// <param name="Owner">The buffer to give back; null when the record lives in memory that is nobody's to reuse.</param>
internal sealed record CacheEntry(CacheEnvelope Envelope, ReadOnlySequence<byte> Record, IDisposable? Owner) : IDisposable
{
    public CacheEntryKind Kind => Envelope.Kind;

    /// <summary>Tells this content of the key from any other: one claim writes one marker and one record at most.</summary>
    public string Version => $"{Kind}:{Envelope.Claim:N}";

    public void Dispose() => Owner?.Dispose();
}
