using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Tests.Parity;

/// <summary>Shared by the tests of the conventions: one action for all methods, and ways to send requests to it.</summary>
internal static class ConventionsSupport
{
    public static async Task<HttpResponseMessage> SendAsync(
        this TestApp app,
        string method,
        string? key,
        string path = "/orders",
        HttpContent? content = null,
        string header = "Idempotency-Key")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = content };
        if (key is not null)
            request.Headers.TryAddWithoutValidation(header, key);
        return await app.Client.SendAsync(request).Soon();
    }

    /// <summary>Asserts an answer without a replay marker. Only its body shows which run made it.</summary>
    public static async Task IsUnmarkedAsync(this HttpResponseMessage response, int run, int status)
    {
        Assert.That((int)response.StatusCode, Is.EqualTo(status), await response.TextAsync());
        Assert.That(await response.TextAsync(), Is.EqualTo($$"""{"run":{{run}}}"""));
        Assert.That(response.Headers.Select(field => field.Key), Has.None.Contains("Replay").IgnoreCase);
    }

    /// <summary>An action that signals when it is entered, and then waits until it may continue.</summary>
    public static Script Held(Signal entered, Signal release) => new(async (_, run) =>
    {
        entered.Fire();
        await release.WaitAsync();
        return Script.Answer(run);
    });

    /// <summary>Settings that no convention has.</summary>
    public static void Unlike(IdempotencyOptions options)
    {
        options.Methods = new HashSet<string> { "LOCK" };
        options.HeaderName = "X-Unlike";
        options.KeySources = [KeySource.Header("X-Unlike"), KeySource.Query("unlike")];
        options.KeyRequired = !options.KeyRequired;
        options.StatusCodes.KeyMissing = 499;
        options.KeyFormat = KeyFormat.StructuredString;
        options.MaxKeyLength = 1;
        options.StatusCodes.KeyMalformed = 499;
        options.WhenInFlight = InFlightBehavior.Wait;
        options.StatusCodes.InFlight = 499;
        options.ReplayStatusCode = 299;
        options.ReplayedHeaderName = "X-Unlike";
        options.ShouldStore = _ => false;
        options.StoreStatusCodes = new HashSet<int> { 299 };
        options.StoreContentTypes = ["text/unlike"];
    }
}

[ApiController]
public sealed class ConventionsController(Script script) : ControllerBase
{
    [AcceptVerbs("GET", "POST", "PUT", "PATCH", "DELETE", Route = "orders"), Idempotent]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);
}
