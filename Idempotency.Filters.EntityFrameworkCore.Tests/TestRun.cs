// The tests that run side by side are those that wait for real time to pass: more of them than processors.
[assembly: LevelOfParallelism(40)]

namespace Idempotency.Filters.EntityFrameworkCore.Tests;

/// <summary>Owns the servers that the tests share.</summary>
[SetUpFixture]
internal sealed class TestRun
{
    // The client of MySQL blocks a thread for each call; renewals of other tests must not wait for new ones.
    [OneTimeSetUp]
    public void HaveThreads() => ThreadPool.SetMinThreads(200, 200);

    [OneTimeTearDown]
    public Task StopServersAsync() => Databases.StopAsync();
}
