using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Redis.Tests.Contract;

/// <summary>Over a real server, in real time: the leases are short, and the tests wait side by side.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public class RedisStoreContractTests : IdempotencyStoreContract
{
    private static RedisServer _server = null!;
    private RedisStores _stores = null!;

    protected override TimeSpan Lease => TimeSpan.FromSeconds(4);

    protected override TimeSpan Retention => TimeSpan.FromSeconds(6);

    [OneTimeSetUp]
    public static async Task FindServer() => _server = await SharedRedis.ServerAsync();

    [TearDown]
    public async Task DisposeStores() => await _stores.DisposeAsync();

    protected override IIdempotencyStore CreateStore()
    {
        _stores = RedisStores.Over(_server);
        return _stores.Store;
    }

    // A little more: the store begins to count a moment after the test.
    protected override Task LetTimePassAsync(TimeSpan time) => Task.Delay(time + TimeSpan.FromMilliseconds(60));
}
