using Microsoft.Extensions.Caching.Distributed;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

internal sealed class BufferCacheContractStore : CacheContractStore
{
    protected override IDistributedCache Over(IDistributedCache memory) => new ChaosBufferCache(memory, new());
}
