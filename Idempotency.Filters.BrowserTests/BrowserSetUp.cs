using Idempotency.Filters.BrowserTests.Support;

namespace Idempotency.Filters.BrowserTests;

/// <summary>Starts one browser for all tests. Each test has its own browser context and its own shop.</summary>
[SetUpFixture]
internal sealed class BrowserSetUp
{
    private static Chromium? _chromium;

    public static IBrowser Browser => _chromium!.Browser;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        if (!File.Exists(Chromium.Path))
        {
            var message = $"There is no Chromium at {Chromium.Path}. Install it, or name another in CHROMIUM_PATH.";
            if (Environment.GetEnvironmentVariable("CI") == "true")
                Assert.Fail(message);
            Assert.Ignore("THE BROWSER TESTS DID NOT RUN. " + message);
        }

        SetDefaultExpectTimeout(Shop.Patience);
        _chromium = await Chromium.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_chromium is not null)
            await _chromium.DisposeAsync();
    }
}
