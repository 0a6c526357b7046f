using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Redis.Tests.Contract;

/// <summary>Over the server that all tests share.</summary>
internal class RedisContractStore : IFencingStore, ICompareAndSetStore, IForgettingStore, IListingStore
{
    private RedisStores _stores = null!;

    public IIdempotencyStore Store => _stores.Store;

    public TimeSpan Lease => TimeSpan.FromSeconds(8);

    public TimeSpan Retention => TimeSpan.FromSeconds(12);

    public async Task StartAsync() => _stores = RedisStores.Over(await AddressAsync());

    // A little more: the store begins to count a moment after the test.
    public Task LetTimePassAsync(TimeSpan time) => Task.Delay(time + TimeSpan.FromMilliseconds(60));

    public async ValueTask DisposeAsync()
    {
        if (_stores is not null)
            await _stores.DisposeAsync();
    }

    protected virtual async Task<string> AddressAsync() => (await SharedRedis.ServerAsync()).Address;
}
