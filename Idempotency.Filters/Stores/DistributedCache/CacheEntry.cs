using System.Buffers;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>What the cache holds under a key. Owns the buffer of its record.</summary>
/// <param name="Envelope">What the store wrote in front of the record.</param>
/// <param name="Record">Valid until this is disposed.</param>
/// <param name="Owner">The buffer to give back; null if the record is in memory that is not pooled.</param>
internal sealed record CacheEntry(CacheEnvelope Envelope, ReadOnlySequence<byte> Record, IDisposable? Owner) : IDisposable
{
    public CacheEntryKind Kind => Envelope.Kind;

    /// <summary>Identifies this content of the key: one claim writes at most one marker and one record.</summary>
    public string Version => $"{Kind}:{Envelope.Claim:N}";

    public void Dispose() => Owner?.Dispose();
}
