using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>An error filter never appends its answer to half of another one, as far as it asks whether the response has started.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class HalfAnswerTests
{
    private readonly Runs _runs = new();

    [Test]
    public async Task ExceptionFilterLeavesAnAnswerThatHasBegunToTheErrorPage()
    {
        await using var app = await StartAsync(isBuffered: false);

        Assert.That(await app.AnswerAsync("/half/written", "k"), Is.EqualTo("500 failed 1"));
        Assert.That(await app.AnswerAsync("/half/written", "k"), Is.EqualTo("500 failed 2"));
    }

    [Test]
    public async Task ExceptionFilterBehindABufferReplacesHalfAnAnswer()
    {
        await using var app = await StartAsync(isBuffered: true);

        Assert.That(await app.AnswerAsync("/half/written", "k"), Is.EqualTo("409 mapped"));
    }

    [Test]
    public async Task ExceptionFilterStillMapsWhatHasNotBegun()
    {
        await using var app = await StartAsync(isBuffered: false);

        Assert.That(await app.AnswerAsync("/half/nothing", "k"), Is.EqualTo("409 mapped"));
    }

    private Task<TestApp> StartAsync(bool isBuffered) => TestApp.StartAsync(
        [typeof(HalfAnswerController)],
        services =>
        {
            services.AddSingleton(_runs);
            services.AddIdempotency();
        },
        app =>
        {
            Answers.ShowErrors(app);
            if (isBuffered)
                app.Use(Buffering.InMemory());
        });
}

[Route("half"), MapUnlessStarted]
public sealed class HalfAnswerController(Runs runs) : ControllerBase
{
    [HttpPost("written"), Idempotent]
    public async Task Written()
    {
        var run = runs.Next();
        await Response.WriteAsync("part");
        throw new InvalidOperationException($"failed {run}");
    }

    [HttpPost("nothing"), Idempotent]
    public void Nothing() => throw new InvalidOperationException($"failed {runs.Next()}");
}

[AttributeUsage(AttributeTargets.Class)]
public sealed class MapUnlessStartedAttribute : ExceptionFilterAttribute
{
    public override void OnException(ExceptionContext context)
    {
        if (context.HttpContext.Response.HasStarted)
            return;

        context.HttpContext.Response.Clear();
        context.Result = new ContentResult { StatusCode = StatusCodes.Status409Conflict, Content = "mapped" };
    }
}
