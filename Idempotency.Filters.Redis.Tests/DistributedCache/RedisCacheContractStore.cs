using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Redis.Tests.DistributedCache;

/// <summary>Over Microsoft's Redis cache and the server that all tests share.</summary>
internal sealed class RedisCacheContractStore : INotFencingStore, INotForgettingStore, INotListingStore
{
    private ServiceProvider? _services;

    public IIdempotencyStore Store => _services!.GetRequiredService<IIdempotencyStore>();

    public TimeSpan Lease => TimeSpan.FromSeconds(8);

    public TimeSpan Retention => TimeSpan.FromSeconds(12);

    public async Task StartAsync()
    {
        var services = new ServiceCollection().AddRedisCache(await SharedRedis.ServerAsync());
        services.AddIdempotency()
            .UseDistributedCache(options => options.OperationTimeout = TimeSpan.FromSeconds(20))
            .UseLock(_ => new InProcessLock());
        _services = services.BuildServiceProvider();
    }

    // A little more: the store begins to count a moment after the test.
    public Task LetTimePassAsync(TimeSpan time) => Task.Delay(time + TimeSpan.FromMilliseconds(60));

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
            await _services.DisposeAsync();
    }
}
