using System.Security.Claims;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Tests.Keys;
using Idempotency.Filters.Tests.Policies;
using Idempotency.Filters.Tests.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Parity;

/// <summary>
/// The defects that we found by running the predecessors, by number: none can happen here. A control request in each test shows that the
/// test would have noticed it.
/// </summary>
internal sealed class PredecessorDefectTests
{
    [Test]
    public async Task Defect01_SimultaneousRequestsRunOnceAndBlockNoOtherKey()
    {
        Signal entered = new(), release = new();
        await using var app = await ParityApp.StartAsync(handler: async (Runs runs, HttpContext http) =>
        {
            var run = runs.Next();
            entered.Fire();
            if (http.Request.Headers["Idempotency-Key"] == "k")
                await release.WaitAsync();
            return run;
        });
        var five = Enumerable.Range(0, 5).Select(_ => app.AnswerAsync("/pay", "k")).ToArray();
        await entered.WaitAsync();

        // Control: while these five are running, another key runs.
        Assert.That(await app.AnswerAsync("/pay", "other"), Is.EqualTo("200 2"));
        release.Fire();

        var answers = await Task.WhenAll(five);
        Assert.That(answers.Count(answer => answer == "200 1"), Is.EqualTo(1));
        Assert.That(answers, Is.All.EqualTo("200 1").Or.EqualTo("409 in-flight").Or.EqualTo("200 1 replayed"));
        Assert.That(app.Runs(), Is.EqualTo(2));
    }

    [Test]
    public async Task Defect02_KeyIsFreeAfterItsExpiry()
    {
        var clock = new FakeTimeProvider();
        await using var app = await ParityApp.StartAsync(o => o.Retention = TimeSpan.FromHours(1), clock: clock);
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));

        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 replayed"), "control: before the expiry");
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2 replayed"));
    }

    [Test]
    public async Task Defect02_KeyIsFreeAfterAnException()
    {
        await using var app = await ParityApp.StartAsync(handler: (Runs runs) =>
        {
            var run = runs.Next();
            return run > 1 ? run : throw new InvalidOperationException();
        });

        Assert.That(await app.AnswerAsync("/pay", "k"), Does.StartWith("500"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2 replayed"), "control: an answer is kept");
    }

    [Test]
    public async Task Defect03_NobodyElseGetsTheOwnersResponse()
    {
        await using var app = await ParityApp.StartAsync(pipeline: SignIn);

        Assert.That(await app.AnswerAsync("/pay", "k", null, "X-User: owner"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k", null, "X-User: other"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 3"));
        Assert.That(await app.AnswerAsync("/pay", "k", null, "X-User: owner"), Is.EqualTo("200 1 replayed"), "control: the owner does");
    }

    [TestCase(401)]
    [TestCase(403)]
    public async Task Defect03_RefusalOfRightsIsNotKept(int status)
    {
        await using var app = await ParityApp.StartAsync(
            handler: (Runs runs, HttpContext http) => ParityApp.Answer(runs, http.Request.Headers.ContainsKey("X-Right") ? 200 : status));

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo($"{status} 1"));
        Assert.That(await app.AnswerAsync("/pay", "k", null, "X-Right: 1"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2 replayed"), "control: an answer is kept");
    }

    [Test]
    public async Task Defect04_AnotherBodyDoesNotGetTheFirstAnswerAndDoesNotRun()
    {
        await using var app = await ParityApp.StartAsync();

        Assert.That(await app.AnswerAsync("/pay", "k", ParityApp.Json("""{"amount":1}""")), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k", ParityApp.Json("""{"amount":2}""")), Is.EqualTo("422 key-reused"));
        Assert.That(
            await app.AnswerAsync("/pay", "k", ParityApp.Json("""{"amount":1}""")),
            Is.EqualTo("200 1 replayed"), "control: the same body does");
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [Test]
    public async Task Defect04_CorrectedRequestDoesNotGetItsOldRefusal()
    {
        await using var app = await ParityApp.StartAsync(handler: (Order order, Runs runs) => runs.Next() + (order.Amount * 0));

        Assert.That(await app.AnswerAsync("/pay", "k", ParityApp.Json("""{"amount":"x"}""")), Does.StartWith("400"));
        Assert.That(await app.AnswerAsync("/pay", "k", ParityApp.Json("""{"amount":1}""")), Is.EqualTo("200 1"));
        Assert.That(
            await app.AnswerAsync("/pay", "k", ParityApp.Json("""{"amount":1}""")),
            Is.EqualTo("200 1 replayed"), "control: an answer is kept");
    }

    [Test]
    public async Task Defect05_StreamedResponseArrivesWholeAndIsNeverRunAgain()
    {
        await using var app = await ParityApp.StartAsync(handler: async (HttpContext http, Runs runs) =>
        {
            if (http.Request.Headers.ContainsKey("X-Stream"))
                http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
            await http.Response.WriteAsync($"{runs.Next()} first ");
            await http.Response.Body.FlushAsync();
            await http.Response.WriteAsync("second");
        });

        Assert.That(await app.AnswerAsync("/pay", "streamed", null, "X-Stream: 1"), Is.EqualTo("200 1 first second"));
        Assert.That(await app.AnswerAsync("/pay", "streamed", null, "X-Stream: 1"), Is.EqualTo("409 not-replayable"));
        Assert.That(await app.AnswerAsync("/pay", "held"), Is.EqualTo("200 2 first second"));
        Assert.That(
            await app.AnswerAsync("/pay", "held"),
            Is.EqualTo("200 2 first second replayed"), "control: a held response is replayed");
    }

    [Test]
    public async Task Defect05_ActionThatAbortsWithAStatusIsAnsweredWithIt()
    {
        await using var app = await Answers.StartAsync([typeof(AbortingController)]);

        Assert.That(await app.AnswerAsync("/aborting", "k"), Is.EqualTo("404 aborted 1"));
        Assert.That(await app.AnswerAsync("/aborting", "k"), Is.EqualTo("404 aborted 2"), "an exception frees the key, whatever maps it");
        Assert.That(await app.AnswerAsync("/aborting?keep", "k2"), Is.EqualTo("404 aborted 3"));
        Assert.That(await app.AnswerAsync("/aborting?keep", "k2"), Is.EqualTo("404 aborted 3 replayed"), "the filter asks to keep it");
    }

    [Test]
    public async Task Defect05_ClientThatLeavesDoesNotSpoilItsKey()
    {
        Signal entered = new(), release = new();
        var aborted = false;
        await using var app = await ParityApp.StartAsync(handler: async (Runs runs, HttpContext http) =>
        {
            var run = runs.Next();
            entered.Fire();
            await release.WaitAsync();
            aborted |= http.RequestAborted.IsCancellationRequested;
            return run;
        });
        using (var leaving = new RawConnection(app.Address))
        {
            leaving.Send("POST /pay HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nContent-Length: 0\r\n\r\n");
            await entered.WaitAsync();
            Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("409 in-flight"), "control: it is at work");
            leaving.Abort();
        }

        release.Fire();
        await Waiting.UntilAsync(() => app.Logs.Lines.Any(
            line => line.Id.Id == 2 && line.Category.StartsWith("Idempotency.", StringComparison.Ordinal)));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(aborted, Is.False);
    }

    [Test]
    public async Task Defect06_ReplayDoesNotChangeTheFirstAnswer()
    {
        await using var app = await Answers.StartAsync(
            [typeof(TwoPoliciesController)], s => s.AddIdempotency().AddPolicy("changed", o => o.ReplayStatusCode = 409));

        Assert.That(await app.AnswerAsync("/two", "k"), Is.EqualTo("201 1"));
        Assert.That(
            await app.AnswerAsync("/two", "k", null, "X-Policy: changed"),
            Is.EqualTo("409 1 replayed"), "control: a replay has its own status");
        Assert.That(await app.AnswerAsync("/two", "k"), Is.EqualTo("201 1 replayed"));
    }

    [Test]
    public async Task Defect06_SlowActionDoesNotOutliveItsClaim()
    {
        Signal entered = new(), release = new();
        var clock = new FakeTimeProvider();
        await using var app = await ParityApp.StartAsync(
            o => o.Lease = TimeSpan.FromSeconds(10),
            async (Runs runs) =>
            {
                var run = runs.Next();
                entered.Fire();
                await release.WaitAsync();
                return run;
            },
            clock: clock);
        var slow = app.AnswerAsync("/pay", "k");
        await entered.WaitAsync();

        for (var lease = 0; lease < 6; lease++)
            clock.Advance(TimeSpan.FromSeconds(10));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("409 in-flight"));
        release.Fire();

        Assert.That(await slow, Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 replayed"), "control: it was recorded");
    }

    [TestCase("/things/overridden")]
    [TestCase("/things/inherited")]
    [TestCase("/generic/Int32")]
    [TestCase("/conventional/pay")]
    [TestCase("/lambda")]
    [TestCase("/Marked")]
    public async Task Defect07_MarkerCountsOnEveryKindOfEndpoint(string path)
    {
        await using var app = await Answers.StartAsync(
            [typeof(ThingsController), typeof(GenericController<int>), typeof(ConventionalController), typeof(MarkedActionController)],
            s =>
            {
                s.AddPages("Marked").Configure<Microsoft.AspNetCore.Mvc.RazorPages.RazorPagesOptions>(
                    o => o.Conventions.ConfigureFilter(new IgnoreAntiforgeryTokenAttribute()));
                s.AddIdempotency().AddPolicy("near", _ => { }).AddPolicy("far", _ => { }).AddPolicy("class", _ => { });
            },
            app =>
            {
                app.MapControllerRoute("default", "{controller}/{action}");
                app.MapRazorPages();
                app.MapPost("/lambda", [Idempotent] (Runs runs) => runs.Next()).RequireIdempotency();
            });

        Assert.That(await app.AnswerAsync(path, null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/marked/plain", null), Is.EqualTo("200 1"), "control: an action without a marker");
    }

    [Test]
    public void Defect07_MarkerWithoutEffectFailsTheStart() => Assert.That(
        async () =>
        {
            await using var app = await Answers.StartAsync(app => app.MapPost("/lambda", [Idempotent] (Runs runs) => runs.Next()));
        },
        Throws.InvalidOperationException.With.Message.Contains("RequireIdempotency"));

    [Test]
    public void Defect07_SettingThatIsUnknownFailsTheStart() => Assert.That(
        async () =>
        {
            await using var app = await Answers.StartAsync(
                app => app.MapPost("/pay", (Runs runs) => runs.Next()).RequireIdempotency("chekout"));
        },
        Throws.InvalidOperationException.With.Message.Contains("'chekout'"));

    [Test]
    public void Defect07_PartsOfTheStorageKeyAreSeparated()
    {
        static StorageKey Encode(string scope, string key) => new Sha256KeyEncoder(HashKeys.None).Encode("", scope, key);
        var known = Encode("ab", "c");

        Assert.That(Encode("a", "bc"), Is.Not.EqualTo(known));
        Assert.That(Encode("ab", "c"), Is.EqualTo(known), "control: the same parts make the same key");
    }

    [Test]
    public async Task Defect07_PartsOfTheRequestAreSeparated()
    {
        await using var app = await Answers.StartAsync(app => app.MapPost("/{*path}", (Runs runs) => runs.Next()).RequireIdempotency());

        Assert.That(await app.AnswerAsync("/a?b", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/a%3Fb", "k"), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/a?b", "k"), Is.EqualTo("200 1 replayed"), "control: the same parts are the same request");
    }

    [Test]
    public async Task Defect08_ReplayIsByteForByteAndWithoutCookies()
    {
        const string Odd = "{ \"b\" : 1.0,\r\n\t\"a\":\"\\u00e9\", \"a\":2 }";
        await using var app = await ParityApp.StartAsync(handler: (HttpContext http) =>
        {
            http.Response.Cookies.Append("session", "of-the-first");
            http.Response.Headers["X-Kept"] = "1";
            return Results.Content(Odd, "application/json");
        });
        using var first = await app.PostAsync("/pay", "k");

        using var replay = await app.PostAsync("/pay", "k");

        Assert.That(await replay.TextAsync(), Is.EqualTo(Odd));
        Assert.That((first.Headers.Contains("Set-Cookie"), first.Headers.Contains("X-Kept")), Is.EqualTo((true, true)));
        Assert.That(
            (replay.Headers.Contains("Set-Cookie"), replay.Headers.Contains("X-Kept")),
            Is.EqualTo((false, true)), "control: another header is replayed");
    }

    [Test]
    public async Task Defect08_ReplayDoesNotProlongTheRecord()
    {
        var clock = new FakeTimeProvider();
        await using var app = await ParityApp.StartAsync(o => o.Retention = TimeSpan.FromHours(1), clock: clock);
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));

        clock.Advance(TimeSpan.FromMinutes(40));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 replayed"), "control: within the hour");
        clock.Advance(TimeSpan.FromMinutes(20));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task Defect09_FormThatAntiforgeryReadIsStillCompared()
    {
        await using var app = await Answers.StartAsync([typeof(BodiesController)], s => s.AddMvcCore().AddViews());
        using var tokens = await app.Client.GetAsync(new Uri("/bodies/token", UriKind.Relative));
        var (cookie, token) = (tokens.Headers.GetValues("Set-Cookie").Single().Split(';')[0], await tokens.TextAsync());
        Task<string> Post(string amount) => app.AnswerAsync(
            "/bodies/protected",
            "k",
            new FormUrlEncodedContent([KeyValuePair.Create("amount", amount), KeyValuePair.Create("__RequestVerificationToken", token)]),
            $"Cookie: {cookie}");

        Assert.That(await Post("1"), Is.EqualTo("200 1"));
        Assert.That(await Post("2"), Is.EqualTo("422 key-reused"));
        Assert.That(await Post("1"), Is.EqualTo("200 1 replayed"), "control: the same form");
    }

    private static void SignIn(WebApplication app) => app.Use((http, next) =>
    {
        if (http.Request.Headers["X-User"].ToString() is { Length: > 0 } user)
            http.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", user)], "Test"));
        return next(http);
    });
}

[ApiController, Route("two")]
public sealed class TwoPoliciesController(Runs runs) : ControllerBase
{
    [HttpPost, Idempotent]
    public ActionResult Plain() => StatusCode(201, runs.Next());

    [HttpPost, Idempotent("changed"), ByPolicyHeader]
    public ActionResult Changed() => StatusCode(201, runs.Next());

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class ByPolicyHeaderAttribute : Attribute, Microsoft.AspNetCore.Mvc.ActionConstraints.IActionConstraint
    {
        public int Order => 0;

        public bool Accept(Microsoft.AspNetCore.Mvc.ActionConstraints.ActionConstraintContext context) =>
            context.RouteContext.HttpContext.Request.Headers.ContainsKey("X-Policy");
    }
}

[ApiController, Route("aborting")]
public sealed class AbortingController(Runs runs) : ControllerBase
{
    [HttpPost, Idempotent, Abort]
    public int Post() => throw new InvalidOperationException($"aborted {runs.Next()}");

    // Like abort(404) in Flask: an exception that something further out turns into an answer.
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class AbortAttribute : Microsoft.AspNetCore.Mvc.Filters.ExceptionFilterAttribute
    {
        public override void OnException(Microsoft.AspNetCore.Mvc.Filters.ExceptionContext context)
        {
            if (context.HttpContext.Request.QueryString.HasValue)
                context.HttpContext.RequestServices.GetRequiredService<IIdempotencyContext>().Keep();
            context.Result = new ContentResult { Content = context.Exception.Message, StatusCode = StatusCodes.Status404NotFound };
        }
    }
}
