using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Redis.Tests.DistributedCache;

/// <summary>Over Microsoft's Redis cache and a real server, in real time: the leases are short, and the tests wait side by side.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public class RedisCacheContractTests : IdempotencyStoreContract
{
    private static RedisServer _server = null!;
    private ServiceProvider _services = null!;

    protected override TimeSpan Lease => TimeSpan.FromSeconds(4);

    // The cache counts in whole seconds.
    protected override TimeSpan Retention => TimeSpan.FromSeconds(8);

    protected override bool HasCompareAndSet => false;

    protected override bool HasFencing => false;

    protected override bool CanForget => false;

    [OneTimeSetUp]
    public static async Task FindServer()
    {
        _server = await SharedRedis.ServerAsync();
    }

    [TearDown]
    public async Task DisposeServices() => await _services.DisposeAsync();

    protected override IIdempotencyStore CreateStore()
    {
        var services = new ServiceCollection().AddRedisCache(_server);
        services.AddIdempotency().UseDistributedCache(options => options.OperationTimeout = TimeSpan.FromSeconds(20)).UseLock(_ => new InProcessLock());
        _services = services.BuildServiceProvider();
        return _services.GetRequiredService<IIdempotencyStore>();
    }

    // A little more: the store begins to count a moment after the test.
    protected override Task LetTimePassAsync(TimeSpan time) => Task.Delay(time + TimeSpan.FromMilliseconds(60));
}
