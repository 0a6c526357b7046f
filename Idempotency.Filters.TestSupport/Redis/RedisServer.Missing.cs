namespace Idempotency.Filters.TestSupport;

internal sealed partial class RedisServer
{
    /// <summary>Skips the test if there is no server to run. On continuous integration, which installs one, fails it instead.</summary>
    static partial void WhenMissing(string message)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(message);
        Assert.Ignore("THE TESTS WITH REDIS DID NOT RUN. " + message);
    }
}
