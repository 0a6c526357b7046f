namespace Idempotency.Filters.EntityFrameworkCore.Tests;

/// <summary>Owns the servers that the tests share.</summary>
[SetUpFixture]
internal sealed class TestRun
{
    [OneTimeTearDown]
    public Task StopServersAsync() => Databases.StopAsync();
}
