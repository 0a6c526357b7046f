using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>Over both kinds of caches.</summary>
[TestFixture(false)]
[TestFixture(true)]
public class CacheIdempotencyStoreContractTests(bool buffered) : IdempotencyStoreContract
{
    private ManualTimeProvider _time = null!;

    protected override bool HasCompareAndSet => false;

    protected override bool HasFencing => false;

    protected override bool CanForget => false;

    protected override IIdempotencyStore CreateStore()
    {
        _time = new();
        IDistributedCache cache = MemoryCaches.Create(_time);
        if (buffered)
            cache = new ChaosBufferCache(cache, new());
        return new CacheIdempotencyStore(
            cache, new InProcessLock(), TimeSpan.FromSeconds(5), new PollingTimeProvider(_time), NullLogger.Instance);
    }

    protected override Task LetTimePassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }
}
