namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>What a value in the cache is.</summary>
internal enum CacheEntryKind : byte
{
    /// <summary>
    /// The action is running under <see cref="InterruptedBehavior.Block"/>, or its holder vanished. The lock shows which.
    /// </summary>
    Marker = 1,

    /// <summary>A record.</summary>
    Record = 2,
}
