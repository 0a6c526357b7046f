using Idempotency.Filters.Redis.Tests.Contract;

// The tests that run side by side are those that wait for real time to pass: more of them than processors.
[assembly: LevelOfParallelism(40)]

namespace Idempotency.Filters.Redis.Tests;

/// <summary>Owns the server that the tests share.</summary>
[SetUpFixture]
internal sealed class TestRun
{
    [OneTimeTearDown]
    public async Task StopServersAsync()
    {
        await RedisClusterContractStore.StopAsync();
        await RestrictedContractStore.StopAsync();
        await SharedRedis.StopAsync();
    }
}
