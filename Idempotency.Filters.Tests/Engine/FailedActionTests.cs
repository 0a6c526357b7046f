using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>Actions that throw, answer 5xx, or stop halfway, and the error pages shown in their place.</summary>
internal sealed class FailedActionTests
{
    [Test]
    public async Task ActionThatThrowsFreesTheKey()
    {
        await using var app = await Throwing().StartAsync<FailedActionController>();

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(await first.TextAsync(), Is.Empty);
        await retry.IsRunAsync(2);
    }

    [Test]
    public async Task WishToKeepDoesNotFreeTheKeyOfAnActionThatThrows()
    {
        var script = new Script((http, run) =>
        {
            http.RequestServices.GetRequiredService<IIdempotencyContext>().Keep();
            return run == 1 ? throw new InvalidOperationException("after its effect") : Script.Answer(run);
        });
        await using var app = await script.StartAsync<FailedActionController>(o => o.WhenFailed = FailureBehavior.Block);

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        await retry.IsProblemAsync(409, "outcome-unknown");
    }

    [Test]
    public async Task ActionThatMiddlewareRunsAgainIsProtectedAgain()
    {
        var script = Throwing();
        await using var app = await script.StartAsync<FailedActionController>(pipeline: RunTwice);

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(2);
        await retry.IsReplayOfAsync(2);
        Assert.That(script.Runs, Is.EqualTo(2));
    }

    [Test]
    public async Task ErrorPageOfTheAppsOwnMiddlewareIsNotKept()
    {
        await using var app = await Throwing().StartAsync<FailedActionController>(pipeline: app =>
        {
            app.Use(async (http, next) =>
            {
                try
                {
                    await next(http);
                }
                catch (InvalidOperationException)
                {
                    http.Request.Path = "/sorry";
                    http.SetEndpoint(null);
                    await next(http);
                }
            });
            app.UseRouting();
            app.MapPost("/sorry", () => Results.Conflict()).RequireIdempotency();
        });

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        await retry.IsRunAsync(2);
    }

    [Test]
    public async Task MiddlewareCannotRunAnActionAgainUnderBlock()
    {
        var script = Throwing();
        await using var app = await script.StartAsync<FailedActionController>(Block, pipeline: RunTwice);

        using var first = await app.PostAsync("/orders", "k");

        await first.IsProblemAsync(409, "outcome-unknown");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [TestCase(500)]
    [TestCase(503)]
    [TestCase(599)]
    public async Task ActionThatAnswers5xxFreesTheKeyAndItsAnswerIsSent(int status)
    {
        var script = new Script((_, run) => Script.Answer(run, run == 1 ? status : 201));
        await using var app = await script.StartAsync<FailedActionController>();

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1, status);
        await retry.IsRunAsync(2);
    }

    [Test]
    public async Task ActionThatThrowsUnderRefuseIsNeverRunAgain()
    {
        var script = Throwing();
        await using var app = await script.StartAsync<FailedActionController>(Block);

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");
        using var other = await app.PostAsync("/orders?other", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        await retry.IsProblemAsync(409, "outcome-unknown");
        await other.IsProblemAsync(422, "key-reused");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task RefusedKeyIsFreeWhenRetentionEnds()
    {
        var clock = new FakeTimeProvider();
        await using var app = await Throwing().StartAsync<FailedActionController>(Block, clock);
        using var first = await app.PostAsync("/orders", "k");
        clock.Advance(TimeSpan.FromHours(24));

        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsRunAsync(2);
    }

    [Test]
    public async Task FailureBeforeTheActionFreesTheKeyEvenUnderBlock()
    {
        await using var app = await new Script().StartAsync<FailedActionController>(Block);
        using var first = await app.PostAsync("/filtered?fail", "k");

        using var retry = await app.PostAsync("/filtered", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        await retry.IsRunAsync(1);
    }

    [Test]
    public async Task ResultThatFailsWhileItIsWrittenIsAFailureWithNothingOfItSent([Values] FailureBehavior whenFailed)
    {
        var script = new Script(async (http, run) =>
        {
            http.Response.Headers["X-Half"] = "yes";
            await http.Response.WriteAsync("half an answer");
            throw new InvalidOperationException();
        });
        await using var app = await script.StartAsync<FailedActionController>(o => o.WhenFailed = whenFailed);

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(await first.TextAsync(), Is.Empty);
        Assert.That(script.Runs, Is.EqualTo(whenFailed is FailureBehavior.Block ? 1 : 2));
    }

    [Test]
    public async Task ResultThatCannotBeSerializedIsAFailure()
    {
        var script = new Script((_, run) => run == 1 ? new ObjectResult(new Cycle()) : Script.Answer(run));
        await using var app = await script.StartAsync<FailedActionController>();

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        await retry.IsRunAsync(2);
    }

    [TestCase(10, 200)]
    [TestCase(3, 200)]
    [TestCase(null, 204)]
    [TestCase(null, 304)]
    public async Task LengthThatDoesNotMatchTheBodyIsAFailure(int? declared, int status)
    {
        var script = new Script(async (http, _) =>
        {
            http.Response.StatusCode = status;
            http.Response.ContentLength = declared;
            await http.Response.WriteAsync("hello");
            return new EmptyResult();
        });
        await using var app = await script.StartAsync<FailedActionController>();

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(script.Runs, Is.EqualTo(2));
    }

    [Test]
    public async Task ExceptionFlowsToTheAppsHandlerWhosePageIsNotStored()
    {
        await using var app = await Throwing().StartAsync<FailedActionController>(pipeline: app => app.UseExceptionHandler(handler =>
            handler.Run(async http =>
            {
                http.Response.StatusCode = 418;
                await http.Response.WriteAsync(http.Features.Get<IExceptionHandlerFeature>()!.Error.Message);
            })));

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That((int)first.StatusCode, Is.EqualTo(418));
        Assert.That(await first.TextAsync(), Is.EqualTo("as the script says"));
        await retry.IsRunAsync(2);
    }

    [Test]
    public async Task CoveredErrorPageThatIsReExecutedIsNotStored()
    {
        await using var app = await Throwing().StartAsync<FailedActionController>(pipeline: app => app.UseExceptionHandler("/error"));

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That((int)first.StatusCode, Is.EqualTo(418));
        Assert.That(await first.TextAsync(), Is.EqualTo("error page"));
        await retry.IsRunAsync(2);
    }

    [Test]
    public async Task ErrorPageNeedsNoKey()
    {
        await using var app = await new Script().StartAsync<FailedActionController>(pipeline: app =>
        {
            app.UseExceptionHandler("/error");
            app.Use((HttpContext http, RequestDelegate next) =>
                http.Request.Path == "/broken" ? throw new InvalidOperationException() : next(http));
        });

        using var response = await app.PostAsync("/broken", null);

        Assert.That(await response.TextAsync(), Is.EqualTo("error page"));
    }

    [Test]
    public async Task StatusPageThatIsReExecutedIsNotStored()
    {
        var script = new Script((http, run) =>
        {
            http.Response.StatusCode = run == 1 ? 404 : 201;
            return run == 1 ? new EmptyResult() : Script.Answer(run);
        });
        await using var app = await script.StartAsync<FailedActionController>(
            pipeline: app => app.UseStatusCodePagesWithReExecute("/error"));

        using var first = await app.PostAsync("/orders", "k");
        using var missing = await app.PostAsync("/nowhere", "other");
        using var retry = await app.PostAsync("/orders", "k");
        using var free = await app.PostAsync("/orders", "other");

        Assert.That(await first.TextAsync(), Is.EqualTo("error page"));
        Assert.That(await missing.TextAsync(), Is.EqualTo("error page"));
        Assert.That(await retry.TextAsync(), Is.EqualTo("error page"));
        Assert.That(retry.IsReplay(), Is.True);
        await free.IsRunAsync(2);
    }

    [Test]
    public async Task RejectionIsNoStatusPage()
    {
        await using var app = await new Script().StartAsync<FailedActionController>(
            pipeline: app => app.UseStatusCodePagesWithReExecute("/error"));

        using var response = await app.PostAsync("/orders", null);

        await response.IsProblemAsync(400, "key-missing");
    }

    [Test]
    public async Task StreamedResponseThatBreaksOffIsNeverRunAgain()
    {
        var script = new Script(async (http, _) =>
        {
            http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
            await http.Response.WriteAsync("half an answer");
            await http.Response.Body.FlushAsync();
            throw new InvalidOperationException();
        });
        await using var app = await script.StartAsync<FailedActionController>();

        Assert.CatchAsync<HttpRequestException>(() => app.PostAsync("/orders", "k"));
        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsProblemAsync(409, "not-replayable");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task MinimalApiThatThrowsFreesTheKey()
    {
        var script = Throwing();
        await using var app = await script.StartAsync<FailedActionController>(pipeline: app =>
            app.MapPost(
                "/minimal",
                (Delegate)(async (HttpContext http) => (await script.RunAsync(http) as ObjectResult)!.Value)).RequireIdempotency());

        using var first = await app.PostAsync("/minimal", "k");
        using var retry = await app.PostAsync("/minimal", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        await retry.IsRunAsync(2, 200);
    }

    private static void Block(IdempotencyOptions options) => options.WhenFailed = FailureBehavior.Block;

    private static void RunTwice(WebApplication app) => app.Use(async (http, next) =>
    {
        try
        {
            await next(http);
        }
        catch (InvalidOperationException)
        {
            await next(http);
        }
    });

    private static Script Throwing() =>
        new((_, run) => run == 1 ? throw new InvalidOperationException("as the script says") : Script.Answer(run));

    private sealed class Cycle
    {
        public Cycle Self => this;
    }
}

[ApiController, Idempotent]
public sealed class FailedActionController(Script script) : ControllerBase
{
    [HttpPost("orders")]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);

    [HttpPost("filtered"), FailBeforehand]
    public Task<IActionResult> Filtered() => script.RunAsync(HttpContext);

    [HttpPost("error")]
    public IActionResult Error() =>
        new ContentResult { Content = "error page", StatusCode = Response.StatusCode is 500 ? 418 : Response.StatusCode };

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class FailBeforehandAttribute : Microsoft.AspNetCore.Mvc.Filters.ActionFilterAttribute
    {
        public override void OnActionExecuting(Microsoft.AspNetCore.Mvc.Filters.ActionExecutingContext context)
        {
            if (context.HttpContext.Request.QueryString.HasValue)
                throw new InvalidOperationException();
        }
    }
}
