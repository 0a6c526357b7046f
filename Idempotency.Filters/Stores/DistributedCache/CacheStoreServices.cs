using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>The parts that the cache-and-lock store shares with its claims.</summary>
internal sealed record CacheStoreServices(
    CacheEntries Entries, CacheLocks Locks, StoreClock Clock, TimeProvider TimeProvider, ILogger Logger);
