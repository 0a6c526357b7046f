namespace Idempotency.Filters.TestSupport;

internal sealed partial class RedisServer
{
    /// <summary>Skips the test where there is no server to run, and fails it on continuous integration, which installs one.</summary>
    static partial void WhenMissing(string message)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(message);
        Assert.Ignore("THE TESTS WITH REDIS DID NOT RUN. " + message);
    }
}
