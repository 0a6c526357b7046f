using Microsoft.Extensions.Caching.Distributed;

namespace Idempotency.Filters.Stores;

/// <summary>How <c>UseDistributedCache()</c> uses the cache of the application, and its lock.</summary>
public sealed class DistributedCacheStoreOptions
{
    /// <summary>
    /// The service key of the <see cref="IDistributedCache"/>; null = the one that was registered without a key. Default null.
    /// </summary>
    public object? CacheKey { get; set; }

    /// <summary>Whether requests with one key exclude each other. Default <see cref="CacheLocking.On"/>.</summary>
    public CacheLocking Locking { get; set; } = CacheLocking.On;

    /// <summary>
    /// How long one call of the cache or of the lock may take; after it the store counts as unable to answer. Default 5 seconds; more than
    /// zero, at most 1 day. It must be less than every <see cref="IdempotencyOptions.Lease"/> that is kept in the store, or the application
    /// does not start; best a tenth of it.
    /// </summary>
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
