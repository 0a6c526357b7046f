using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Hosting.Endpoints;

/// <summary>What a Minimal API keeps where the host cannot see whether the handler ran, and exceptions that endpoint filters map.</summary>
internal sealed class EndpointReachTests
{
    [TestCase(400)]
    [TestCase(422)]
    public async Task ValidationInAFilterBehindTheCallDoesNotUseTheKeyUp(int status)
    {
        foreach (var path in (string[])["/behind", "/member", "/group-behind", "/between"])
        {
            await using var app = await StartAsync(status);

            Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo($"{status}"), path);
            Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 1"), path);
            Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 1 replayed"), path);
        }
    }

    [TestCase("/framework")]
    [TestCase("/delegate")]
    public async Task ValidationInsideAHandlerThatIsAFrameworkDoesNotUseTheKeyUp(string path)
    {
        await using var app = await StartAsync(400);

        Assert.That(await app.AnswerAsync($"{path}?wrong", "k"), Is.EqualTo("400 wrong"));
        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 ran"));
        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 ran replayed"));
    }

    [Test]
    public async Task AnyOtherAnswerIsKeptThereToo()
    {
        await using var app = await StartAsync(409);

        Assert.That(await app.AnswerAsync("/behind", "k"), Is.EqualTo("409"));
        Assert.That(await app.AnswerAsync("/behind", "k"), Is.EqualTo("409 replayed"));
    }

    [TestCase(401)]
    [TestCase(412)]
    [TestCase(428)]
    [TestCase(429)]
    public async Task AnswerOfAFilterBehindTheCallThatAsksAgainIsFree(int status)
    {
        await using var app = await StartAsync(status);

        Assert.That(await app.AnswerAsync("/behind", "k"), Is.EqualTo($"{status}"));
        Assert.That(await app.AnswerAsync("/behind", "k"), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task HandlerCanAskToKeepItsBadRequestThere()
    {
        await using var app = await Answers.StartAsync(app => app
            .MapPost("/asked", (IIdempotencyContext idempotency, Runs runs) =>
            {
                idempotency.Keep();
                return Results.UnprocessableEntity(runs.Next());
            })
            .RequireIdempotency().AddEndpointFilter((invocation, next) => next(invocation)));

        Assert.That(await app.AnswerAsync("/asked", "k"), Is.EqualTo("422 1"));
        Assert.That(await app.AnswerAsync("/asked", "k"), Is.EqualTo("422 1 replayed"));
    }

    [Test]
    public async Task StartNamesTheEndpointsWhereTheHostCannotSee()
    {
        await using var app = await StartAsync(400);

        var lines = app.Logs.Lines
            .Where(line => line.Id.Id is 20 or 21 && line.Category.StartsWith("Idempotency", StringComparison.Ordinal)).ToList();
        string[] paths = ["/behind", "/member", "/group-behind", "/between", "/framework", "/delegate", "/last", "/before"];
        Assert.That(
            paths.Select(path => (path, lines.SingleOrDefault(line => line.Message.Contains(path + " ", StringComparison.Ordinal))?.Id.Id)),
            Is.EqualTo(new (string, int?)[]
            {
                ("/behind", 20), ("/member", 20), ("/group-behind", 20), ("/between", null), ("/framework", 21), ("/delegate", 21),
                ("/last", null), ("/before", null),
            }));
        Assert.That(lines.Where(line => line.Id.Id == 20).Select(line => line.Level), Is.All.EqualTo(LogLevel.Warning));
    }

    [TestCase(200)]
    [TestCase(409)]
    [TestCase(422)]
    public async Task ExceptionThatAnEndpointFilterMapsIsAFailure(int status)
    {
        foreach (var path in (string[])["/mapped", "/mapped-commit", "/mapped-by-group"])
        {
            await using var free = await StartMappingAsync(status, FailureBehavior.Release);
            Assert.That(await free.AnswerAsync(path, "k"), Is.EqualTo($"{status}"), path);
            Assert.That(await free.AnswerAsync(path, "k"), Is.EqualTo($"{status}"), path);
            Assert.That(free.Runs(), Is.EqualTo(2), path);

            await using var blocked = await StartMappingAsync(status, FailureBehavior.Block);
            Assert.That(await blocked.AnswerAsync(path, "k"), Is.EqualTo($"{status}"), path);
            Assert.That(await blocked.AnswerAsync(path, "k"), Is.EqualTo("409 outcome-unknown"), path);
            Assert.That(blocked.Runs(), Is.EqualTo(1), path);
        }
    }

    [Test]
    public async Task HandlerThatAFilterCallsAgainAfterItThrewIsJudgedByItsLastCall()
    {
        await using var app = await Answers.StartAsync(app => app
            .MapPost("/again", (Runs runs) => runs.Next() is var run && run == 1 ? throw new InvalidOperationException() : run)
            .AddEndpointFilter(async (invocation, next) =>
            {
                try
                {
                    return await next(invocation);
                }
                catch (InvalidOperationException)
                {
                    return await next(invocation);
                }
            })
            .RequireIdempotency());

        Assert.That(await app.AnswerAsync("/again", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/again", "k"), Is.EqualTo("200 2 replayed"));
    }

    private static Task<TestApp> StartAsync(int status) => Answers.StartAsync(app =>
    {
        var calls = 0;
        ValueTask<object?> Check(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) =>
            calls++ == 0 ? new(Results.StatusCode(status)) : next(invocation);

        app.MapPost("/last", Run).RequireIdempotency();
        app.MapPost("/before", Run).AddEndpointFilter(Check).RequireIdempotency();
        app.MapPost("/behind", Run).RequireIdempotency().AddEndpointFilter(Check);
        app.MapGroup("/").RequireIdempotency().MapPost("/member", Run).AddEndpointFilter(Check);
        app.MapGroup("/").RequireIdempotency().AddEndpointFilter(Check).MapPost("/group-behind", Run);
        app.MapGroup("/").RequireIdempotency().MapPost("/between", Run).AddEndpointFilter(Check).RequireIdempotency();
        app.MapPost("/framework", () => new Framework()).RequireIdempotency();
        app.MapPost("/delegate", (RequestDelegate)AnswerAsync).RequireIdempotency();
    });

    private static Task<TestApp> StartMappingAsync(int status, FailureBehavior whenFailed) => Answers.StartAsync(
        app =>
        {
            async ValueTask<object?> Map(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
            {
                try
                {
                    return await next(invocation);
                }
                catch (InvalidOperationException)
                {
                    return Results.StatusCode(status);
                }
            }

            app.MapPost("/mapped", int (Runs runs) => throw new InvalidOperationException($"{runs.Next()}"))
                .AddEndpointFilter(Map).RequireIdempotency();
            app.MapPost("/mapped-commit", Run).AddEndpointFilter(Map).AddEndpointFilter(FailToCommitAsync).RequireIdempotency();
            app.MapGroup("/").AddEndpointFilter(Map).RequireIdempotency()
                .MapPost("/mapped-by-group", Run).AddEndpointFilter(FailToCommitAsync);
        },
        s => s.AddIdempotency(o => o.WhenFailed = whenFailed));

    private static async ValueTask<object?> FailToCommitAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        await next(invocation);
        throw new InvalidOperationException("The commit failed.");
    }

    private static int Run(Runs runs) => runs.Next();

    private static Task AnswerAsync(HttpContext http)
    {
        http.Response.StatusCode = http.Request.QueryString.HasValue ? 400 : 200;
        return http.Response.WriteAsync(http.Request.QueryString.HasValue ? "wrong" : "ran");
    }

    /// <summary>A result that does all the work, like that of a framework which hides behind a handler.</summary>
    private sealed class Framework : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => AnswerAsync(httpContext);
    }
}
