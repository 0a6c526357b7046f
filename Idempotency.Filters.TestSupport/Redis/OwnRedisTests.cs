namespace Idempotency.Filters.TestSupport;

/// <summary>Tests with their own server. It stops after everything that they put in front of it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal abstract class OwnRedisTests
{
    protected RedisServer Server { get; private set; } = null!;

    /// <summary>More command-line arguments for the server.</summary>
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
