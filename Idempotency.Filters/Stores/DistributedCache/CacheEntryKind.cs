using System.Buffers;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>What the value of a key in the cache is.</summary>
internal enum CacheEntryKind : byte
{
    /// <summary>Somebody runs the action under <see cref="InterruptedBehavior.Block"/>, or did and vanished: the lock tells which.</summary>
    Marker = 1,

    /// <summary>A record.</summary>
    Record = 2,
}
