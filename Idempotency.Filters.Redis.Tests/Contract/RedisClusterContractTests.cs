using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Redis.Tests.Contract;

/// <summary>Over a real cluster; the keys of the tests are spread over its nodes.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public class RedisClusterContractTests : IdempotencyStoreContract
{
    private static RedisCluster _cluster = null!;
    private RedisStores _stores = null!;

    protected override TimeSpan Lease => TimeSpan.FromSeconds(4);

    protected override TimeSpan Retention => TimeSpan.FromSeconds(6);

    [OneTimeSetUp]
    public static async Task StartCluster() => _cluster = await RedisCluster.StartAsync();

    [OneTimeTearDown]
    public static async Task StopCluster() => await _cluster.DisposeAsync();

    [TearDown]
    public async Task DisposeStores() => await _stores.DisposeAsync();

    protected override IIdempotencyStore CreateStore()
    {
        _stores = RedisStores.Over(_cluster.Addresses);
        return _stores.Store;
    }

    protected override Task LetTimePassAsync(TimeSpan time) => Task.Delay(time + TimeSpan.FromMilliseconds(60));
}
