using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>Which answers are kept, and for how long.</summary>
internal sealed class KeepRuleTests
{
    [TestCase(200)]
    [TestCase(202)]
    [TestCase(302)]
    [TestCase(400)]
    [TestCase(404)]
    [TestCase(409)]
    [TestCase(410)]
    [TestCase(422)]
    [TestCase(499)]
    public async Task ActionsOwnStatusIsKept(int status)
    {
        await using var app = await Answering(status).StartAsync<KeepRuleController>();
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsReplayOfAsync(1, status);
    }

    [TestCase(401)]
    [TestCase(403)]
    [TestCase(408)]
    [TestCase(412)]
    [TestCase(425)]
    [TestCase(429)]
    [TestCase(500)]
    public async Task StatusThatAsksForAnotherTryIsNotKept(int status)
    {
        await using var app = await Answering(status).StartAsync<KeepRuleController>();
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1, status);
        await retry.IsRunAsync(2, status);
    }

    [TestCase("/validated", "{\"name\":\"\"}", TestName = "ModelThatIsInvalidIsNotKeptAndTheKeyServesACorrectedRequest")]
    [TestCase("/validated", "{broken", TestName = "BadJsonIsNotKeptAndTheKeyServesACorrectedRequest")]
    [TestCase("/validated", "", TestName = "MissingBodyIsNotKeptAndTheKeyServesACorrectedRequest")]
    [TestCase("/minimal", "{broken", TestName = "BadJsonOfAMinimalApiIsNotKeptAndTheKeyServesACorrectedRequest")]
    [TestCase("/minimal", "", TestName = "MissingBodyOfAMinimalApiIsNotKeptAndTheKeyServesACorrectedRequest")]
    public async Task AutomaticProblemIsNotKept(string path, string body)
    {
        var script = new Script();
        await using var app = await StartWithMinimalAsync(script);

        using var wrong = await app.PostAsync(path, "k", Json(body));
        using var corrected = await app.PostAsync(path, "k", Json("""{"name":"n"}"""));
        using var retry = await app.PostAsync(path, "k", Json("""{"name":"n"}"""));

        Assert.That(wrong.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        await corrected.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
    }

    [TestCase("/validated")]
    [TestCase("/minimal")]
    public async Task UnsupportedMediaTypeIsNotKept(string path)
    {
        await using var app = await StartWithMinimalAsync(new Script());

        using var wrong = await app.PostAsync(path, "k", new StringContent("""{"name":"n"}"""));
        using var corrected = await app.PostAsync(path, "k", Json("""{"name":"n"}"""));

        Assert.That(wrong.StatusCode, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
        await corrected.IsRunAsync(1);
    }

    [Test]
    public async Task RouteParameterThatDoesNotBindIsNotKept()
    {
        await using var app = await new Script().StartAsync<KeepRuleController>();

        using var wrong = await app.PostAsync("/numbered?number=x", "k");
        using var corrected = await app.PostAsync("/numbered?number=1", "k");

        Assert.That(wrong.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        await corrected.IsRunAsync(1);
    }

    [Test]
    public async Task AnswerOfAFilterThatShortCircuitsIsNotKept()
    {
        await using var app = await new Script().StartAsync<KeepRuleController>();

        using var stopped = await app.PostAsync("/filtered?stop", "k");
        using var next = await app.PostAsync("/filtered", "k");

        Assert.That((int)stopped.StatusCode, Is.EqualTo(418));
        await next.IsRunAsync(1);
    }

    [Test]
    public async Task StoreStatusCodesReplaceTheRule()
    {
        var script = new Script((http, run) => Script.Answer(run, int.Parse(http.Request.Query["status"]!, CultureInfo.InvariantCulture)));
        await using var app = await script.StartAsync<KeepRuleController>(o => o.StoreStatusCodes = new HashSet<int> { 201, 503 });

        foreach (var (status, kept) in new[] { (201, true), (503, true), (200, false), (404, false) })
        {
            using var first = await app.PostAsync($"/orders?status={status}", $"k{status}");
            using var retry = await app.PostAsync($"/orders?status={status}", $"k{status}");
            Assert.That(retry.IsReplay(), Is.EqualTo(kept), $"{status}");
        }
    }

    [Test]
    public async Task StoreStatusCodesDoNotApplyWhenTheActionDidNotRun()
    {
        await using var app = await new Script().StartAsync<KeepRuleController>(o => o.StoreStatusCodes = new HashSet<int> { 201, 400 });

        using var wrong = await app.PostAsync("/validated", "k", Json("{broken"));
        using var corrected = await app.PostAsync("/validated", "k", Json("""{"name":"n"}"""));

        await corrected.IsRunAsync(1);
    }

    [Test]
    public async Task ShouldStoreDecidesInPlaceOfStatusAndType([Values] bool store)
    {
        await using var app = await Answering(store ? 500 : 201).StartAsync<KeepRuleController>(options =>
        {
            options.ShouldStore = response => store && response.HttpContext.Response.StatusCode == 500;
            options.StoreStatusCodes = new HashSet<int> { 201 };
        });
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(retry.IsReplay(), Is.EqualTo(store));
    }

    [Test]
    public async Task ShouldStoreThatThrowsIsAFailureOfTheAction([Values] FailureBehavior whenFailed)
    {
        var script = new Script();
        await using var app = await script.StartAsync<KeepRuleController>(options =>
        {
            options.ShouldStore = _ => script.Runs > 1 ? true : throw new InvalidOperationException();
            options.WhenFailed = whenFailed;
        });
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        if (whenFailed is FailureBehavior.Block)
            await retry.IsProblemAsync(409, "outcome-unknown");
        else
            await retry.IsRunAsync(2);
    }

    [TestCase("application/json", "application/json; charset=utf-8", true)]
    [TestCase("application/*", "application/xml", true)]
    [TestCase("*/*", "text/plain", true)]
    [TestCase("application/json", "application/problem+json", true)]
    [TestCase("application/json", "text/plain", false)]
    [TestCase("application/*", "text/plain", false)]
    [TestCase("application/problem+json", "application/json", false)]
    [TestCase("application/json", null, true)]
    public async Task StoreContentTypesLimitWhatIsKept(string allowed, string? actual, bool kept)
    {
        var script = new Script((http, _) =>
        {
            http.Response.ContentType = actual;
            return new EmptyResult();
        });
        await using var app = await script.StartAsync<KeepRuleController>(o => o.StoreContentTypes.Add(allowed));
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(retry.IsReplay(), Is.EqualTo(kept));
    }

    [TestCase(500)]
    [TestCase(401)]
    public async Task KeepKeepsWhateverTheStatus(int status)
    {
        var script = Deciding(context => context.Keep(), status);
        await using var app = await script.StartAsync<KeepRuleController>(o => o.ShouldStore = _ => false);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsReplayOfAsync(1, status);
    }

    [TestCase(600)]
    [TestCase(999)]
    public async Task StatusThatNoRecordCanHaveIsNotReplayable(int status)
    {
        await using var app = await Deciding(context => context.Keep(), status).StartAsync<KeepRuleController>();
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1, status);
        await retry.IsProblemAsync(409, "not-replayable");
    }

    [Test]
    public async Task DiscardFreesTheKeyWhateverTheStatus([Values] FailureBehavior whenFailed)
    {
        var script = Deciding(context => context.Discard(), whenFailed is FailureBehavior.Block ? 500 : 201);
        await using var app = await script.StartAsync<KeepRuleController>(o => o.WhenFailed = whenFailed);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(retry.IsReplay(), Is.False);
        Assert.That(script.Runs, Is.EqualTo(2));
    }

    [Test]
    public async Task LastWishCounts()
    {
        var script = Deciding(context =>
        {
            context.Discard();
            context.Keep();
            context.Discard();
        });
        await using var app = await script.StartAsync<KeepRuleController>();
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsRunAsync(2);
    }

    [Test]
    public async Task WishAfterTheResponseHasOutgrownTheLimitIsAnError()
    {
        Exception? late = null;
        var script = new Script(async (http, _) =>
        {
            await http.Response.WriteAsync("longer than four");
            late = Assert.Throws<InvalidOperationException>(http.RequestServices.GetRequiredService<IIdempotencyContext>().Discard);
            return new EmptyResult();
        });
        await using var app = await script.StartAsync<KeepRuleController>(o => o.MaxResponseBodySize = 4);

        using var response = await app.PostAsync("/orders", "k");

        Assert.That(await response.TextAsync(), Is.EqualTo("longer than four"));
        Assert.That(late?.Message, Does.Contain("MaxResponseBodySize"));
    }

    [Test]
    public async Task LargeResponseThatIsNotKeptFreesTheKey()
    {
        var script = new Script((_, run) => new ContentResult { Content = new string('x', 100), StatusCode = 500 + run });
        await using var app = await script.StartAsync<KeepRuleController>(o => o.MaxResponseBodySize = 4);

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That((int)first.StatusCode, Is.EqualTo(501));
        Assert.That((int)retry.StatusCode, Is.EqualTo(502));
    }

    [Test]
    public async Task RecordExpiresWithRetentionAndAReplayDoesNotProlongIt()
    {
        var clock = new FakeTimeProvider();
        await using var app = await new Script().StartAsync<KeepRuleController>(o => o.Retention = TimeSpan.FromHours(2), clock);
        using var first = await app.PostAsync("/orders", "k");
        clock.Advance(TimeSpan.FromHours(2) - TimeSpan.FromTicks(1));

        using var retry = await app.PostAsync("/orders", "k");
        clock.Advance(TimeSpan.FromTicks(1));
        using var late = await app.PostAsync("/orders", "k");

        await retry.IsReplayOfAsync(1);
        await late.IsRunAsync(2);
    }

    [Test]
    public async Task KeepForReplacesRetention()
    {
        var clock = new FakeTimeProvider();
        await using var app = await Deciding(context => context.KeepFor(TimeSpan.FromDays(3))).StartAsync<KeepRuleController>(clock: clock);
        using var first = await app.PostAsync("/orders", "k");
        clock.Advance(TimeSpan.FromDays(3) - TimeSpan.FromTicks(1));

        using var retry = await app.PostAsync("/orders", "k");
        clock.Advance(TimeSpan.FromTicks(1));
        using var late = await app.PostAsync("/orders", "k");

        await retry.IsReplayOfAsync(1);
        await late.IsRunAsync(2);
    }

    [Test]
    public async Task RetentionWithoutEndIsForEver()
    {
        var clock = new FakeTimeProvider();
        await using var app = await new Script().StartAsync<KeepRuleController>(o => o.Retention = null, clock);
        using var first = await app.PostAsync("/orders", "k");
        clock.Advance(TimeSpan.FromDays(3650));

        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsReplayOfAsync(1);
    }

    private static Script Answering(int status) => new((_, run) => Script.Answer(run, status));

    private static Script Deciding(Action<IIdempotencyContext> decide, int status = 201) => new((http, run) =>
    {
        decide(http.RequestServices.GetRequiredService<IIdempotencyContext>());
        return Script.Answer(run, status);
    });

    private static Task<TestApp> StartWithMinimalAsync(Script script) => TestApp.StartAsync(
        [typeof(KeepRuleController)],
        services => services.AddSingleton(script).AddIdempotency(),
        app => app
            .MapPost("/minimal", async (Named body, HttpContext http) =>
            {
                var answer = (ObjectResult)await script.RunAsync(http);
                return Results.Json(answer.Value, statusCode: answer.StatusCode);
            })
            .RequireIdempotency());

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}

public sealed record Named([Required] string Name);

[ApiController, Idempotent]
public sealed class KeepRuleController(Script script) : ControllerBase
{
    [HttpPost("orders")]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);

    [HttpPost("validated")]
    public Task<IActionResult> Validated(Named body) =>
        body.Name.Length == 0 ? throw new InvalidOperationException() : script.RunAsync(HttpContext);

    [HttpPost("numbered")]
    public Task<IActionResult> Numbered(int number) => number == 0 ? throw new InvalidOperationException() : script.RunAsync(HttpContext);

    [HttpPost("filtered"), Stopping]
    public Task<IActionResult> Filtered() => script.RunAsync(HttpContext);

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class StoppingAttribute : Microsoft.AspNetCore.Mvc.Filters.ActionFilterAttribute
    {
        public override void OnActionExecuting(Microsoft.AspNetCore.Mvc.Filters.ActionExecutingContext context)
        {
            if (context.HttpContext.Request.QueryString.HasValue)
                context.Result = new StatusCodeResult(418);
        }
    }
}
