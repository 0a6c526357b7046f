using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Hosting;

/// <summary>What counts as "the action ran" among an application's own filters.</summary>
internal sealed class OtherFiltersTests
{
    [TestCase(int.MinValue)]
    [TestCase(0)]
    [TestCase(int.MaxValue - 1)]
    [TestCase(int.MaxValue)]
    public async Task ShortCircuitOfAnActionFilterIsNotKept(int order)
    {
        await using var app = await StartAsync(new StopOnce(order));

        Assert.That(await app.AnswerAsync("/filtered", "k"), Is.EqualTo("409 stopped"));
        Assert.That(await app.AnswerAsync("/filtered", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/filtered", "k"), Is.EqualTo("200 1 replayed"));
    }

    [TestCase(int.MinValue)]
    [TestCase(int.MaxValue)]
    public async Task AnswerChangedByAnActionFilterAfterTheActionIsKept(int order)
    {
        await using var app = await StartAsync(new ChangeResult(order));

        Assert.That(await app.AnswerAsync("/filtered", "k"), Is.EqualTo("202 changed 1"));
        Assert.That(await app.AnswerAsync("/filtered", "k"), Is.EqualTo("202 changed 1 replayed"));
    }

    [Test]
    public async Task ShortCircuitOfAnActionFilterOnTheActionIsNotKept()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/filtered/stop", "k"), Is.EqualTo("409 stopped"));
        Assert.That(await app.AnswerAsync("/filtered/stop", "k"), Is.EqualTo("409 stopped"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public async Task ShortCircuitOfAResourceFilterInsideIsNotKept()
    {
        await using var app = await StartAsync(new StopResource(int.MaxValue));

        Assert.That(await app.AnswerAsync("/filtered", "k"), Is.EqualTo("409 stopped"));
        Assert.That(await app.AnswerAsync("/filtered", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/filtered", "k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task ResourceFilterOutsideRunsBeforeTheKeyIsRead()
    {
        await using var app = await StartAsync(new StopResource(int.MinValue));

        Assert.That(await app.AnswerAsync("/filtered", null), Is.EqualTo("409 stopped"));
        Assert.That(await app.AnswerAsync("/filtered", null), Is.EqualTo("400 key-missing"));
    }

    [Test]
    public async Task AnswerThatAnExceptionFilterMakesOfAFailureIsNotKept()
    {
        await using var app = await StartAsync(new HandleException(409));

        Assert.That(await app.AnswerAsync("/filtered/throw", "k"), Is.EqualTo("409 handled 1"));
        Assert.That(await app.AnswerAsync("/filtered/throw", "k"), Is.EqualTo("409 handled 2"));
    }

    [Test]
    public async Task ServerErrorOfAnExceptionFilterFreesTheKey()
    {
        await using var app = await StartAsync(new HandleException(503));

        Assert.That(await app.AnswerAsync("/filtered/throw", "k"), Is.EqualTo("503 handled 1"));
        Assert.That(await app.AnswerAsync("/filtered/throw", "k"), Is.EqualTo("503 handled 2"));
    }

    [Test]
    public async Task ExceptionThatNobodyHandlesFreesTheKeyAndFlowsOn()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/filtered/throw", "k"), Is.EqualTo("500 thrown 1"));
        Assert.That(await app.AnswerAsync("/filtered/throw", "k"), Is.EqualTo("500 thrown 2"));
    }

    [Test]
    public async Task WhatAResultFilterAddsIsReplayedAndItDoesNotRunAgain()
    {
        await using var app = await StartAsync(new CountResults());

        using var first = await app.PostAsync("/filtered", "k");
        using var retry = await app.PostAsync("/filtered", "k");

        Assert.That(first.Headers.GetValues("X-Results"), Is.EqualTo(["1"]));
        Assert.That(retry.Headers.GetValues("X-Results"), Is.EqualTo(["1"]));
        Assert.That(retry.Headers.Contains("Idempotent-Replayed"), Is.True);
    }

    [Test]
    public async Task ShortCircuitOfAResultFilterIsKeptSinceTheActionRan()
    {
        await using var app = await StartAsync(new CancelResult());

        Assert.That(await app.AnswerAsync("/filtered", "k"), Is.EqualTo("202"));
        Assert.That(await app.AnswerAsync("/filtered", "k"), Is.EqualTo("202 replayed"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [Test]
    public async Task AutomaticBadRequestIsNotKeptAndTheCorrectedRequestRuns()
    {
        await using var app = await StartAsync();

        Assert.That(
            await app.AnswerAsync("/filtered/body", "k", new StringContent("{", null, "application/json")), Is.EqualTo("400 problem"));
        Assert.That(await app.AnswerAsync("/filtered/body", "k", new StringContent("5", null, "application/json")), Is.EqualTo("200 1"));
        Assert.That(
            await app.AnswerAsync("/filtered/body", "k", new StringContent("5", null, "application/json")), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task TheActionsOwnBadRequestIsKept()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/filtered/bad", "k"), Is.EqualTo("400 1"));
        Assert.That(await app.AnswerAsync("/filtered/bad", "k"), Is.EqualTo("400 1 replayed"));
    }

    private static Task<TestApp> StartAsync(params IFilterMetadata[] filters) => Answers.StartAsync(
        [typeof(FilteredController)],
        s => s.Configure<MvcOptions>(o =>
        {
            foreach (var filter in filters)
                o.Filters.Add(filter);
        }),
        Answers.ShowErrors);

    private static ContentResult Stopped() => new() { Content = "stopped", StatusCode = 409 };

    private sealed class StopOnce(int order) : IActionFilter, IOrderedFilter
    {
        private int _calls;

        public int Order => order;

        public void OnActionExecuting(ActionExecutingContext context) => context.Result = _calls++ == 0 ? Stopped() : null;

        public void OnActionExecuted(ActionExecutedContext context)
        {
        }
    }

    private sealed class ChangeResult(int order) : IActionFilter, IOrderedFilter
    {
        public int Order => order;

        public void OnActionExecuting(ActionExecutingContext context)
        {
        }

        public void OnActionExecuted(ActionExecutedContext context) =>
            context.Result = new ContentResult { Content = $"changed {((ObjectResult)context.Result!).Value}", StatusCode = 202 };
    }

    private sealed class StopResource(int order) : IResourceFilter, IOrderedFilter
    {
        private int _calls;

        public int Order => order;

        public void OnResourceExecuting(ResourceExecutingContext context) => context.Result = _calls++ == 0 ? Stopped() : null;

        public void OnResourceExecuted(ResourceExecutedContext context)
        {
        }
    }

    private sealed class HandleException(int status) : IExceptionFilter
    {
        public void OnException(ExceptionContext context) => context.Result = new ContentResult
        {
            Content = context.Exception.Message.Replace("thrown", "handled", StringComparison.Ordinal),
            StatusCode = status,
        };
    }

    private sealed class CountResults : IResultFilter
    {
        private int _calls;

        public void OnResultExecuting(ResultExecutingContext context) => context.HttpContext.Response.Headers["X-Results"] = $"{++_calls}";

        public void OnResultExecuted(ResultExecutedContext context)
        {
        }
    }

    private sealed class CancelResult : IResultFilter
    {
        public void OnResultExecuting(ResultExecutingContext context)
        {
            context.HttpContext.Response.StatusCode = 202;
            context.Cancel = true;
        }

        public void OnResultExecuted(ResultExecutedContext context)
        {
        }
    }
}

[ApiController, Route("filtered"), Idempotent]
public sealed class FilteredController(Runs runs) : ControllerBase
{
    [HttpPost]
    public int Plain() => runs.Next();

    [HttpPost("stop"), StopAlways(Order = int.MaxValue)]
    public int Stop() => runs.Next();

    [HttpPost("throw")]
    public int Throw() => throw new NotSupportedException($"thrown {runs.Next()}");

    [HttpPost("body")]
    public int Body([FromBody] int body) => runs.Next() + (body * 0);

    [HttpPost("bad")]
    public ActionResult Bad() => BadRequest(runs.Next());

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class StopAlwaysAttribute : ActionFilterAttribute
    {
        public override void OnActionExecuting(ActionExecutingContext context) =>
            context.Result = new ContentResult { Content = "stopped", StatusCode = 409 };
    }
}
