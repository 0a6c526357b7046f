using Idempotency.Filters.Tests.Support;
using StackExchange.Redis;

// The tests that run side by side are those that wait for real time to pass: more of them than processors.
[assembly: LevelOfParallelism(8)]

namespace Idempotency.Filters.Tests;

/// <summary>
/// Says on which client the tests run, and owns the server that they share where their keys are enough to keep them apart.
/// </summary>
[SetUpFixture]
internal sealed class TestRun
{
    private static readonly Lazy<Task<RedisServer>> Server = new(() => RedisServer.StartAsync());

    public static Task<RedisServer> SharedRedisAsync() => Server.Value;

    [OneTimeSetUp]
    public void TellTheClient() =>
        TestContext.Progress.WriteLine($"Redis client: StackExchange.Redis {typeof(ConnectionMultiplexer).Assembly.GetName().Version}.");

    [OneTimeTearDown]
    public async Task StopServer()
    {
        if (Server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await Server.Value).DisposeAsync();
    }
}
