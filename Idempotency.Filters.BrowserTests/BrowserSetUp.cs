using Idempotency.Filters.BrowserTests.Support;

namespace Idempotency.Filters.BrowserTests;

/// <summary>One browser for all tests; each test has its own context in it, and its own shop.</summary>
[SetUpFixture]
internal sealed class BrowserSetUp
{
    private static Chromium? chromium;

    public static IBrowser Browser => chromium!.Browser;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        if (!File.Exists(Chromium.Path))
            Assert.Ignore($"THE BROWSER TESTS DID NOT RUN: there is no Chromium at {Chromium.Path}. Install it, or name another in CHROMIUM_PATH.");

        SetDefaultExpectTimeout((float)TimeSpan.FromSeconds(30).TotalMilliseconds);
        chromium = await Chromium.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (chromium is not null)
            await chromium.DisposeAsync();
    }
}
