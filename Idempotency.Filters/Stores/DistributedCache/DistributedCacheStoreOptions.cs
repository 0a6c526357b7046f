using Microsoft.Extensions.Caching.Distributed;

namespace Idempotency.Filters.Stores;

/// <summary>How <c>UseDistributedCache()</c> uses the application's cache and lock.</summary>
public sealed class DistributedCacheStoreOptions
{
    /// <summary>
    /// The service key of the <see cref="IDistributedCache"/>; null = the cache that was registered without a key. Default null.
    /// </summary>
    public object? CacheKey { get; set; }

    /// <summary>Whether requests with the same key exclude each other. Default <see cref="CacheLocking.On"/>.</summary>
    public CacheLocking Locking { get; set; } = CacheLocking.On;

    /// <summary>
    /// How long one call to the cache or the lock may take. After that, the store counts as unavailable. Default 5 seconds; more than zero,
    /// at most 1 day. It must be below the <see cref="IdempotencyOptions.Lease"/> of every policy that uses the store, or the application
    /// does not start. Keep it below a tenth.
    /// </summary>
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
