using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Tests.Wire;

/// <summary>Requests that run every time and leave nothing in the store.</summary>
internal sealed class CoverageTests
{
    [Test]
    public async Task FirstAnswerIsTheActionsOwnUntouched()
    {
        await using var app = await new Script().StartAsync<CoverageController>();

        using var bare = await app.PostAsync("/bare", "k");
        using var covered = await app.PostAsync("/optional", "k");

        await covered.IsRunAsync(2);
        Assert.That(covered.Headers.Select(h => h.Key), Is.SubsetOf(bare.Headers.Select(h => h.Key)));
        Assert.That(covered.Content.Headers.ContentType, Is.EqualTo(bare.Content.Headers.ContentType));
    }

    [Test]
    public async Task OptionalKeyMissingRunsEachTimeAndStoresNothing()
    {
        var store = new FaultyStore();
        await using var app = await new Script().StartAsync<CoverageController>(store: store);

        using var first = await app.PostAsync("/optional", null);
        using var second = await app.PostAsync("/optional", null);

        await first.IsRunAsync(1);
        await second.IsRunAsync(2);
        Assert.That(store.Records, Is.Empty);
    }

    [Test]
    public async Task OptionalKeyPresentIsHonoured()
    {
        await using var app = await new Script().StartAsync<CoverageController>();
        using var first = await app.PostAsync("/optional", "k");

        using var retry = await app.PostAsync("/optional", "k");

        await retry.IsReplayOfAsync(1);
    }

    [TestCase("PUT", "/other")]
    [TestCase("DELETE", "/other")]
    [TestCase("GET", "/other")]
    [TestCase("POST", "/bare")]
    [TestCase("POST", "/exempt")]
    public async Task UncoveredRunsEachTimeAndStoresNothingEvenWithAKey(string method, string path)
    {
        var store = new FaultyStore { OnClaim = () => throw new IOException("must not be asked") };
        await using var app = await new Script().StartAsync<CoverageController>(store: store);

        using var first = await SendAsync(app, method, path, "k");
        using var second = await SendAsync(app, method, path, "k");
        using var malformed = await SendAsync(app, method, path, "a,b");

        await first.IsRunAsync(1);
        await second.IsRunAsync(2);
        await malformed.IsRunAsync(3);
    }

    [Test]
    public async Task FurtherMethodsAreCoveredByOption()
    {
        await using var app = await new Script().StartAsync<CoverageController>(o => o.Methods.Add("PUT"));
        using var first = await SendAsync(app, "PUT", "/other", "k");

        using var retry = await SendAsync(app, "PUT", "/other", "k");

        await retry.IsReplayOfAsync(1);
    }

    private static Task<HttpResponseMessage> SendAsync(TestApp app, string method, string path, string key) =>
        app.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path) { Headers = { { "Idempotency-Key", key } } });
}

[ApiController, Idempotent]
public sealed class CoverageController(Script script) : ControllerBase
{
    [HttpPost("optional"), Idempotent(KeyRequired = false)]
    public Task<IActionResult> Optional() => script.RunAsync(HttpContext);

    [AcceptVerbs("GET", "PUT", "DELETE", "POST", Route = "other")]
    public Task<IActionResult> Other() => script.RunAsync(HttpContext);

    [HttpPost("exempt"), IdempotencyExempt]
    public Task<IActionResult> Exempt() => script.RunAsync(HttpContext);

    [HttpPost("bare"), IdempotencyExempt]
    public Task<IActionResult> Bare() => script.RunAsync(HttpContext);
}
