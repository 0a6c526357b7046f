using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

internal class CacheContractStore : INotFencingStore, INotForgettingStore, INotListingStore
{
    private readonly TestClock _time = new() { PassInRealTime = TimeSpan.FromSeconds(1) };

    public IIdempotencyStore Store { get; private set; } = null!;

    public TimeSpan Lease => TimeSpan.FromSeconds(30);

    public TimeSpan Retention => TimeSpan.FromMinutes(10);

    public Task StartAsync()
    {
        var cache = Over(MemoryCaches.Create(_time));
        Store = new CacheIdempotencyStore(cache, new InProcessLock(), TimeSpan.FromSeconds(5), _time, NullLogger.Instance);
        return Task.CompletedTask;
    }

    public Task LetTimePassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => default;

    protected virtual IDistributedCache Over(IDistributedCache memory) => memory;
}
