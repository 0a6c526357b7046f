using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Hosting.Mvc;

/// <summary>An action that was reached and threw has failed, whatever filter makes an answer of the exception.</summary>
internal sealed class MappedExceptionTests
{
    private static IEnumerable<TestCaseData> Mappings()
    {
        foreach (var status in (int[])[200, 302, 404, 409, 422])
        {
            yield return Row("/mapped/throw", $"an exception filter, {status}", new MapInExceptionFilter(status));
            yield return Row("/mapped/throw", $"an action filter, {status}", new MapInActionFilter(status));
            yield return Row("/mapped/throw", $"a resource filter, {status}", new MapInResourceFilter(status, int.MaxValue));
            yield return Row("/mapped/result", $"a result filter, {status}", new MapInResultFilter(status));
            yield return Row(
                "/mapped/result", $"a resource filter around a result, {status}", new MapInResourceFilter(status, int.MaxValue));
            yield return Row(
                "/mapped", $"an action filter's failure and an exception filter, {status}",
                new ThrowAfter(), new MapInExceptionFilter(status));
            yield return Row(
                "/mapped", $"an action filter's failure and an outer action filter, {status}",
                new MapInActionFilter(status), new ThrowAfter());
            yield return Row(
                "/mapped", $"an action filter's failure and a resource filter, {status}",
                new MapInResourceFilter(status, int.MaxValue), new ThrowAfter());
            yield return Row(
                "/mapped/nothing", $"a result filter's failure and an outer result filter, {status}",
                new MapInResultFilter(status), new ThrowAfterResult());
        }

        yield return Row("/mapped/own", "a filter on the action that also has a factory's", new MapInExceptionFilter(409));
    }

    [TestCaseSource(nameof(Mappings))]
    public async Task MappedExceptionFreesTheKeyAndItsAnswerGoesOutOnce(string path, IFilterMetadata[] filters)
    {
        await using var app = await StartAsync(filters);

        Assert.That(await app.AnswerAsync(path, "k"), Does.EndWith("mapped").And.Not.Contains("replayed"));
        Assert.That(await app.AnswerAsync(path, "k"), Does.EndWith("mapped").And.Not.Contains("replayed"));
        Assert.That(app.Runs(), Is.EqualTo(2));
    }

    [TestCaseSource(nameof(Mappings))]
    public async Task MappedExceptionBlocksTheKeyUnderBlock(string path, IFilterMetadata[] filters)
    {
        await using var app = await StartAsync(filters, o => o.WhenFailed = FailureBehavior.Block);

        Assert.That(await app.AnswerAsync(path, "k"), Does.EndWith("mapped"));
        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("409 outcome-unknown"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [Test]
    public async Task MappedExceptionBeforeTheActionIsNoFailureOfIt()
    {
        await using var app = await StartAsync(
            [new MapInExceptionFilter(409), new ThrowBeforeOnce()], o => o.WhenFailed = FailureBehavior.Block);

        Assert.That(await app.AnswerAsync("/mapped", "k"), Is.EqualTo("409 mapped"));
        Assert.That(await app.AnswerAsync("/mapped", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/mapped", "k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task FilterCanAskToKeepWhatItMakesOfAnException()
    {
        await using var app = await StartAsync([new MapInExceptionFilter(409, keeps: true)]);

        Assert.That(await app.AnswerAsync("/mapped/throw", "k"), Is.EqualTo("409 mapped"));
        Assert.That(await app.AnswerAsync("/mapped/throw", "k"), Is.EqualTo("409 mapped replayed"));
    }

    [Test]
    public async Task WishOfTheActionDoesNotOutliveItsException()
    {
        await using var app = await StartAsync([new MapInExceptionFilter(409)]);

        Assert.That(await app.AnswerAsync("/mapped/keep", "k"), Is.EqualTo("409 mapped"));
        Assert.That(await app.AnswerAsync("/mapped/keep", "k"), Is.EqualTo("409 mapped"));
    }

    [Test]
    public async Task FiltersThatOnlyLookOnChangeNothing()
    {
        await using var app = await StartAsync([new MapInExceptionFilter(409), new MapInActionFilter(409), new MapInResultFilter(409)]);

        Assert.That(await app.AnswerAsync("/mapped", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/mapped", "k"), Is.EqualTo("200 1 replayed"));
    }

    [TestCase(false, TestName = "An exception filter maps the exception of a page")]
    [TestCase(true, TestName = "A page filter maps the exception of a page")]
    public async Task MappedExceptionOfAPageFreesTheKey(bool byPageFilter)
    {
        await using var app = await Answers.StartAsync([], s =>
        {
            s.AddPages("Marked");
            s.Configure<MvcOptions>(o => o.Filters.Add(byPageFilter ? new MapInPageFilter() : new MapInExceptionFilter(409)));
            s.Configure<MvcOptions>(o => o.Filters.Add(new ThrowAfterHandler()));
            s.Configure<RazorPagesOptions>(o => o.Conventions.ConfigureFilter(new IgnoreAntiforgeryTokenAttribute()));
        }, app => app.MapRazorPages());

        Assert.That(await app.AnswerAsync("/Marked", "k"), Is.EqualTo("409 mapped"));
        Assert.That(await app.AnswerAsync("/Marked", "k"), Is.EqualTo("409 mapped"));
        Assert.That(app.Runs(), Is.EqualTo(2));
    }

    private static TestCaseData Row(string path, string name, params IFilterMetadata[] filters) =>
        new TestCaseData(path, filters).SetArgDisplayNames(name);

    private static Task<TestApp> StartAsync(IFilterMetadata[] filters, Action<IdempotencyOptions>? options = null) => Answers.StartAsync(
        [typeof(MappedController)],
        s =>
        {
            s.AddIdempotency(options);
            s.Configure<MvcOptions>(o =>
            {
                foreach (var filter in filters)
                    o.Filters.Add(filter);
            });
        });

    private static ContentResult Mapped(int status) => new() { Content = "mapped", StatusCode = status };

    private static async Task WriteAsync(HttpContext http, int status)
    {
        http.Response.Clear();
        http.Response.StatusCode = status;
        await http.Response.WriteAsync("mapped");
    }

    private sealed class MapInExceptionFilter(int status, bool keeps = false) : IExceptionFilter
    {
        public void OnException(ExceptionContext context)
        {
            if (keeps)
                context.HttpContext.RequestServices.GetRequiredService<IIdempotencyContext>().Keep();
            context.Result = Mapped(status);
        }
    }

    private sealed class MapInActionFilter(int status) : IAsyncActionFilter
    {
        public async Task OnActionExecutionAsync(ActionExecutingContext context, ActionExecutionDelegate next)
        {
            var executed = await next();
            if (executed.Exception is null)
                return;

            executed.ExceptionHandled = true;
            executed.Result = Mapped(status);
        }
    }

    private sealed class MapInPageFilter : IPageFilter
    {
        public void OnPageHandlerSelected(PageHandlerSelectedContext context)
        {
        }

        public void OnPageHandlerExecuting(PageHandlerExecutingContext context)
        {
        }

        public void OnPageHandlerExecuted(PageHandlerExecutedContext context)
        {
            if (context.Exception is null)
                return;

            context.ExceptionHandled = true;
            context.Result = Mapped(409);
        }
    }

    private sealed class MapInResultFilter(int status) : IAsyncResultFilter
    {
        public async Task OnResultExecutionAsync(ResultExecutingContext context, ResultExecutionDelegate next)
        {
            var executed = await next();
            if (executed.Exception is null)
                return;

            executed.ExceptionHandled = true;
            await WriteAsync(context.HttpContext, status);
        }
    }

    private sealed class MapInResourceFilter(int status, int order) : IAsyncResourceFilter, IOrderedFilter
    {
        public int Order => order;

        public async Task OnResourceExecutionAsync(ResourceExecutingContext context, ResourceExecutionDelegate next)
        {
            var executed = await next();
            if (executed.Exception is null)
                return;

            executed.Exception = null;
            await WriteAsync(context.HttpContext, status);
        }
    }

    private sealed class ThrowAfter : IAsyncActionFilter
    {
        public async Task OnActionExecutionAsync(ActionExecutingContext context, ActionExecutionDelegate next)
        {
            await next();
            throw new InvalidOperationException("The commit failed.");
        }
    }

    private sealed class ThrowAfterHandler : IAsyncPageFilter
    {
        public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

        public async Task OnPageHandlerExecutionAsync(PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
        {
            await next();
            throw new InvalidOperationException("The commit failed.");
        }
    }

    private sealed class ThrowAfterResult : IAsyncResultFilter
    {
        public async Task OnResultExecutionAsync(ResultExecutingContext context, ResultExecutionDelegate next)
        {
            await next();
            throw new InvalidOperationException("The commit failed.");
        }
    }

    private sealed class ThrowBeforeOnce : IActionFilter
    {
        private int _calls;

        public void OnActionExecuting(ActionExecutingContext context)
        {
            if (_calls++ == 0)
                throw new InvalidOperationException("Not yet.");
        }

        public void OnActionExecuted(ActionExecutedContext context)
        {
        }
    }
}

[ApiController, Route("mapped"), Idempotent]
public sealed class MappedController(Runs runs, IIdempotencyContext idempotency) : ControllerBase
{
    [HttpPost]
    public int Plain() => runs.Next();

    [HttpPost("throw")]
    public int Throw() => throw new NotSupportedException($"thrown {runs.Next()}");

    [HttpPost("keep")]
    public int Keep()
    {
        idempotency.Keep();
        throw new NotSupportedException($"thrown {runs.Next()}");
    }

    [HttpPost("result")]
    public IActionResult Result()
    {
        runs.Next();
        return new ThrowingResult();
    }

    // A response that has begun cannot be mapped any more.
    [HttpPost("nothing")]
    public IActionResult Nothing()
    {
        runs.Next();
        return NoContent();
    }

    [HttpPost("own"), TypeFilter<ThrowingFilter>]
    public int Own() => runs.Next();

    private sealed class ThrowingResult : ActionResult
    {
        public override Task ExecuteResultAsync(ActionContext context) => throw new NotSupportedException("before the first byte");
    }

    private sealed class ThrowingFilter : IActionFilter
    {
        public void OnActionExecuting(ActionExecutingContext context)
        {
        }

        public void OnActionExecuted(ActionExecutedContext context) => throw new NotSupportedException("after the action");
    }
}
