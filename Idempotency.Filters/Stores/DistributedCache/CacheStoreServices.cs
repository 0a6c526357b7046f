using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>What the cache-and-lock store and its claims are made of.</summary>
internal sealed record CacheStoreServices(CacheEntries Entries, CacheLocks Locks, StoreClock Clock, TimeProvider TimeProvider, ILogger Logger);
