using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>The same as <see cref="ResultKindTests"/>, for results of Minimal API handlers.</summary>
internal sealed class EndpointResultTests
{
    private Twin _twin = null!;

    [OneTimeSetUp]
    public async Task Start() => _twin = await Twin.StartAsync([], endpoints: Map);

    [OneTimeTearDown]
    public async Task Stop() => await _twin.DisposeAsync();

    [TestCase("object")]
    [TestCase("string")]
    [TestCase("created")]
    [TestCase("bytes")]
    [TestCase("text")]
    [TestCase("stream")]
    [TestCase("problem")]
    [TestCase("validation-problem")]
    [TestCase("no-content")]
    [TestCase("conflict")]
    [TestCase("redirect")]
    [TestCase("async-enumerable")]
    [TestCase("nothing")]
    [TestCase("context")]
    public Task EveryResultIsUntouchedAndReplayed(string kind) => _twin.AssertUntouchedAndReplayedAsync(kind);

    [Test]
    public async Task ServerSentEventsReachTheClientAndAreNotRunAgain()
    {
        var (bare, first, retry) = await _twin.AskAsync("events");

        Assert.That(first.Content(), Is.EqualTo(bare.Content()));
        Assert.That((retry.Status, retry.Code), Is.EqualTo((409, "not-replayable")));
    }

    private static void Map(RouteGroupBuilder group)
    {
        group.MapPost("object", () => new Item { Name = "plain" });
        group.MapPost("string", () => "plain");
        group.MapPost("created", () => TypedResults.Created("/items/1", new Item { Name = "new" }));
        group.MapPost("bytes", () => TypedResults.Bytes(ResultsController.AllBytes, "application/octet-stream", "all.bin"));
        group.MapPost("text", () => Results.Text("ä", "text/plain", statusCode: 203));
        group.MapPost("stream", () => TypedResults.Stream(stream => stream.WriteAsync(ResultsController.AllBytes).AsTask()));
        group.MapPost("problem", () => TypedResults.Problem("No funds", statusCode: 402));
        group.MapPost(
            "validation-problem", () => TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["amount"] = ["Too small."] }));
        group.MapPost("no-content", () => TypedResults.NoContent());
        group.MapPost("conflict", () => TypedResults.Conflict(new Item { Count = 2 }));
        group.MapPost("redirect", () => TypedResults.Redirect("/elsewhere", permanent: true, preserveMethod: true));
        group.MapPost("async-enumerable", Items);
        group.MapPost("nothing", () => { });
        group.MapPost("context", (HttpContext http) => http.Response.WriteAsync("written"));
        group.MapPost("events", () => TypedResults.ServerSentEvents(Events()));
    }

    private static async IAsyncEnumerable<Item> Items()
    {
        await Task.Yield();
        yield return new Item { Count = 1 };
        yield return new Item { Count = 2 };
    }

    private static async IAsyncEnumerable<SseItem<string>> Events()
    {
        await Task.Yield();
        yield return new SseItem<string>("first", "greeting");
        yield return new SseItem<string>("second");
    }
}
