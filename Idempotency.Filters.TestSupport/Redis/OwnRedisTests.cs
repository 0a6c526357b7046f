namespace Idempotency.Filters.TestSupport;

/// <summary>Tests with a server of the test's own, which ends after whatever they put before it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal abstract class OwnRedisTests
{
    protected RedisServer Server { get; private set; } = null!;

    /// <summary>What the command line of the server gets besides.</summary>
    protected virtual string[] ServerArguments => [];

    [SetUp]
    public async Task StartServerAsync() => Server = await RedisServer.StartAsync(ServerArguments);

    [TearDown]
    public async Task StopServerAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
    }
}
