using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Idempotency.Filters.Tests.Hosting;

/// <summary>Markers on the class of a handler. Minimal APIs pass on the attributes of its method alone.</summary>
internal sealed class MarkedHandlerTests
{
    [TestCase(false, "remove it")]
    [TestCase(true, "remove it")]
    public void MarkerOnTheClassOfAHandlerIsRefused(bool covered, string word) => Refused(
        app =>
        {
            var endpoint = app.MapPost("/tips", MarkedHandlers.Tip);
            if (covered)
                endpoint.RequireIdempotency();
        },
        "MarkedHandlers carries [Idempotent]", "/tips", word, "RequireIdempotency()");

    [Test]
    public void MarkerOnTheClassThatMapsALambdaIsRefused() => Refused(
        MarkedModule.Map, "MarkedModule carries [IdempotencyManual]", "RequireIdempotency()");

    [Test]
    public void MarkerOnAMethodThatNobodyMapsIsRefused() => Refused(
        app => app.MapPost("/tips", HalfMarkedHandlers.Tip), "HalfMarkedHandlers.Forgotten carries [Idempotent]");

    [Test]
    public async Task MarkerOfAMethodThatIsPassedOnIsNoMistakeBesideUnmarkedOnes()
    {
        await using var app = await Answers.StartAsync(app =>
        {
            app.MapPost("/marked", MixedHandlers.Marked).RequireIdempotency();
            app.MapPost("/unmarked", MixedHandlers.Unmarked);
        });

        Assert.That(await app.AnswerAsync("/marked", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/unmarked", null), Is.EqualTo("200 1"));
    }

    [Test]
    public void HandlerThatAFrameworkNamesInItsMetadataIsFound() => Refused(
        app => app.MapPost("/tips", () => 1).WithMetadata(new NamesItsHandler(typeof(MarkedHandlers))),
        "MarkedHandlers carries [Idempotent]");

    [Test]
    public async Task TypeThatIsSentOrReadIsNoHandler()
    {
        await using var app = await Answers.StartAsync(app => app
            .MapPost("/tips", (Runs runs) => runs.Next()).Produces<MarkedHandlers>().RequireIdempotency());

        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task MetadataThatThrowsNamesNothing()
    {
        await using var app = await Answers.StartAsync(app => app.MapPost("/tips", () => 1).WithMetadata(new Throws()));

        Assert.That(await app.AnswerAsync("/tips", null), Is.EqualTo("200 1"));
    }

    private static void Refused(Action<WebApplication> pipeline, params string[] words)
    {
        var refusal = Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await using var app = await Answers.StartAsync(pipeline);
        })!;
        foreach (var word in words)
            Assert.That(refusal.Message, Does.Contain(word).IgnoreCase);
    }

    private sealed record NamesItsHandler(Type Handler);

    private sealed class Throws
    {
        public Type Handler => throw new NotSupportedException();
    }

    [Idempotent]
    private sealed class MarkedHandlers
    {
        public static int Tip() => 1;
    }

    [IdempotencyManual]
    private static class MarkedModule
    {
        public static void Map(IEndpointRouteBuilder app) => app.MapPost("/tips", (Runs runs) => runs.Next());
    }

    private static class HalfMarkedHandlers
    {
        public static int Tip() => 1;

        [Idempotent]
        public static int Forgotten() => 1;
    }

    private static class MixedHandlers
    {
        [Idempotent]
        public static int Marked(Runs runs) => runs.Next();

        public static int Unmarked(Runs runs) => runs.Next();
    }
}
