using System.Net;
using System.Net.Http.Json;
using System.Text;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Wire;

/// <summary>The table of what a client observes: every rejection, from every kind of endpoint.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[TestFixture("/api")]
[TestFixture("/plain")]
[TestFixture("/minimal")]
internal sealed class ProblemTests(string path)
{
    private readonly Signal _entered = new();
    private readonly Signal _release = new();

    [Test]
    public async Task MissingKeyIsRefused()
    {
        var script = new Script();
        await using var app = await StartAsync(script);

        using var response = await app.PostAsync(path, null);

        var problem = await response.IsProblemAsync(400, "key-missing");
        Assert.That(problem.GetProperty("detail").GetString(), Does.Contain("Idempotency-Key"));
        Assert.That(response.Headers.RetryAfter, Is.Null);
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task MalformedKeyIsRefused()
    {
        var script = new Script();
        await using var app = await StartAsync(script);

        using var response = await app.PostAsync(path, "a,b");

        await response.IsProblemAsync(400, "key-malformed");
        Assert.That(response.Headers.RetryAfter, Is.Null);
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task ReusedKeyIsRefusedAndTheOriginalStillReplays()
    {
        var script = new Script();
        await using var app = await StartAsync(script);
        using var first = await app.PostAsync(path, "k", JsonContent.Create("secret-of-the-first"));

        using var other = await app.PostAsync(path, "k", JsonContent.Create("something else"));
        using var retry = await app.PostAsync(path, "k", JsonContent.Create("secret-of-the-first"));

        await other.IsProblemAsync(422, "key-reused");
        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task ReusedKeyRevealsNothingOfTheStored()
    {
        var script = new Script((http, _) =>
        {
            http.Response.Headers["X-Stored"] = "stored-header";
            return new ContentResult { Content = "stored-body", StatusCode = 218 };
        });
        await using var app = await StartAsync(script);
        using var first = await app.PostAsync(path + "?stored-query", "k", JsonContent.Create("stored-request"));

        using var other = await app.PostAsync(path, "k");

        var problem = await other.IsProblemAsync(422, "key-reused");
        Assert.That(problem.GetRawText() + other.Headers + other.Content.Headers, Does.Not.Contain("stored").IgnoreCase);
        // A trace and a length may contain any digits.
        Assert.That(problem.EnumerateObject().Where(member => member.Name != "traceId").Select(member => member.Value.ToString()), Has.None.Contains("218"));
        Assert.That(first.Headers.Contains("X-Stored"), Is.True);
    }

    [Test]
    public async Task InFlightKeyIsRefusedWhateverThePayload()
    {
        var script = Hanging();
        await using var app = await StartAsync(script);
        var first = app.PostAsync(path, "k", JsonContent.Create(1));
        await _entered.WaitAsync();

        using var same = await app.PostAsync(path, "k", JsonContent.Create(1)).Soon();
        using var other = await app.PostAsync(path + "?other", "k", JsonContent.Create(2)).Soon();
        _release.Fire();
        using var answer = await first.Soon();

        foreach (var rejected in new[] { same, other })
        {
            await rejected.IsProblemAsync(409, "in-flight");
            Assert.That(rejected.Headers.RetryAfter?.Delta, Is.EqualTo(TimeSpan.FromSeconds(1)));
        }

        await answer.IsRunAsync(1);
    }

    [Test]
    public async Task RetryAfterIsRoundedUp()
    {
        await using var app = await StartAsync(new Script(), o => o.RetryAfter = TimeSpan.FromSeconds(1.2), Down());

        using var response = await app.PostAsync(path, "k");

        Assert.That(response.Headers.GetValues("Retry-After"), Is.EqualTo(["2"]));
    }

    [Test]
    public async Task TooLargeResponseIsDeliveredWholeAndNeverRunAgain()
    {
        var script = new Script((_, _) => new ContentResult { Content = new string('x', 5000) });
        await using var app = await StartAsync(script, o => o.MaxResponseBodySize = 4999);

        using var first = await app.PostAsync(path, "k");
        using var retry = await app.PostAsync(path, "k");

        Assert.That(await first.TextAsync(), Is.EqualTo(new string('x', 5000)));
        await retry.IsProblemAsync(409, "not-replayable");
        Assert.That(retry.Headers.RetryAfter, Is.Null);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task StreamedResponseReachesTheClientAsItIsWrittenAndIsNeverRunAgain()
    {
        var script = new Script(async (http, _) =>
        {
            http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
            await http.Response.WriteAsync("first,");
            await http.Response.Body.FlushAsync();
            await _release.WaitAsync();
            await http.Response.WriteAsync("second");
            return new EmptyResult();
        });
        await using var app = await StartAsync(script);

        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Headers = { { "Idempotency-Key", "k" } } };
        using var first = await app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Soon();
        using var early = await app.PostAsync(path, "k").Soon();
        _release.Fire();

        Assert.That(await first.TextAsync().Soon(), Is.EqualTo("first,second"));
        await early.IsProblemAsync(409, "not-replayable");
        using var retry = await app.PostAsync(path, "k");
        await retry.IsProblemAsync(409, "not-replayable");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task FailedActionUnderRefuseIsOutcomeUnknown()
    {
        var script = new Script((_, run) => Script.Answer(run, 500));
        await using var app = await StartAsync(script, o => o.WhenFailed = FailureBehavior.Block);
        using var first = await app.PostAsync(path, "k");

        using var retry = await app.PostAsync(path, "k");

        await retry.IsProblemAsync(409, "outcome-unknown");
        Assert.That(retry.Headers.RetryAfter, Is.Null);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task BodyTooLargeToCompareIsRefused([Values] bool announced)
    {
        var script = new Script();
        await using var app = await StartAsync(script, o => o.MaxComparedBodySize = 4);
        using var first = await app.PostAsync(path, "k", Body("123456", announced));

        using var retry = await app.PostAsync(path, "k", Body("123456", announced));

        await retry.IsProblemAsync(413, "body-too-large");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task StoreThatIsDownRefuses()
    {
        var script = new Script();
        await using var app = await StartAsync(script, store: Down());

        using var response = await app.PostAsync(path, "k");

        await response.IsProblemAsync(503, "store-unavailable");
        Assert.That(response.Headers.RetryAfter?.Delta, Is.EqualTo(TimeSpan.FromSeconds(1)));
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task UnreadableRecordRefuses()
    {
        var script = new Script();
        var store = new FaultyStore { OnClaim = () => ClaimResult.Completed(new("garbage"u8.ToArray())) };
        await using var app = await StartAsync(script, store: store);

        using var response = await app.PostAsync(path, "k");

        await response.IsProblemAsync(503, "record-unreadable");
        Assert.That(response.Headers.RetryAfter, Is.Not.Null);
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task DocumentationIsLinked()
    {
        await using var app = await StartAsync(new Script(), o => o.DocumentationUri = new Uri("https://example.com/docs/keys"));

        using var response = await app.PostAsync(path, null);

        var problem = await response.IsProblemAsync(400, "key-missing");
        Assert.That(problem.GetProperty("type").GetString(), Is.EqualTo("https://example.com/docs/keys#key-missing"));
        Assert.That(response.Headers.GetValues("Link"), Is.EqualTo(["<https://example.com/docs/keys>; rel=\"describedby\""]));
    }

    [Test]
    public async Task WithoutDocumentationTheTypeIsAUrn()
    {
        await using var app = await StartAsync(new Script());

        using var response = await app.PostAsync(path, null);

        var problem = await response.IsProblemAsync(400, "key-missing");
        Assert.That(problem.GetProperty("type").GetString(), Is.EqualTo("urn:problem-type:idempotency:key-missing"));
        Assert.That(response.Headers.Contains("Link"), Is.False);
    }

    [Test]
    public async Task AppCustomizesProblemDetails()
    {
        await using var app = await StartAsync(new Script(), services: services =>
            services.AddProblemDetails(o => o.CustomizeProblemDetails = c => c.ProblemDetails.Extensions["node"] = "n1"));

        using var response = await app.PostAsync(path, null);

        var problem = await response.IsProblemAsync(400, "key-missing");
        Assert.That(problem.GetProperty("node").GetString(), Is.EqualTo("n1"));
    }

    [Test]
    public async Task StatusCodesOfKeyProblemsAreOptions()
    {
        await using var app = await StartAsync(new Script(), options =>
        {
            options.StatusCodes.KeyMissing = 428;
            options.StatusCodes.KeyMalformed = 418;
            options.StatusCodes.KeyReused = 409;
        });
        using var first = await app.PostAsync(path, "k");

        using var missing = await app.PostAsync(path, null);
        using var malformed = await app.PostAsync(path, "\"");
        using var reused = await app.PostAsync(path + "?x", "k");

        await missing.IsProblemAsync(428, "key-missing");
        await malformed.IsProblemAsync(418, "key-malformed");
        await reused.IsProblemAsync(409, "key-reused");
    }

    [Test]
    public async Task StatusCodesOfRecordProblemsAreOptions()
    {
        var script = new Script((_, run) => run switch
        {
            1 => Script.Answer(run, 500),
            2 => new ContentResult { Content = "more than sixteen" },
            _ => Script.Answer(run),
        });
        await using var app = await StartAsync(script, options =>
        {
            options.WhenFailed = FailureBehavior.Block;
            options.MaxResponseBodySize = 16;
            options.MaxComparedBodySize = 4;
            options.StatusCodes.OutcomeUnknown = 424;
            options.StatusCodes.NotReplayable = 410;
            options.StatusCodes.BodyTooLarge = 422;
        });
        using var failed = await app.PostAsync(path, "failed");
        using var large = await app.PostAsync(path, "large");
        using var withBody = await app.PostAsync(path, "body", new StringContent("12345"));

        using var unknown = await app.PostAsync(path, "failed");
        using var notReplayable = await app.PostAsync(path, "large");
        using var tooLarge = await app.PostAsync(path, "body", new StringContent("12345"));

        await unknown.IsProblemAsync(424, "outcome-unknown");
        await notReplayable.IsProblemAsync(410, "not-replayable");
        await tooLarge.IsProblemAsync(422, "body-too-large");
    }

    [Test]
    public async Task StatusCodesOfTimingProblemsAreOptions()
    {
        var store = new FaultyStore();
        await using var app = await StartAsync(
            Hanging(), options => (options.StatusCodes.InFlight, options.StatusCodes.StoreUnavailable) = (425, 504), store);
        var first = app.PostAsync(path, "k");
        await _entered.WaitAsync();

        using var inFlight = await app.PostAsync(path, "k").Soon();
        store.OnClaim = () => throw new IOException("down");
        using var down = await app.PostAsync(path, "k");
        store.OnClaim = () => ClaimResult.Completed(default);
        using var unreadable = await app.PostAsync(path, "k");
        _release.Fire();
        using var answer = await first.Soon();

        await inFlight.IsProblemAsync(425, "in-flight");
        await down.IsProblemAsync(504, "store-unavailable");
        await unreadable.IsProblemAsync(504, "record-unreadable");
    }

    private static FaultyStore Down() => new() { OnClaim = () => throw new IOException("down") };

    private static HttpContent Body(string text, bool announced) =>
        announced ? new StringContent(text) : new StreamContent(new UnknownLengthStream(Encoding.UTF8.GetBytes(text)));

    private Script Hanging() => new(async (_, run) =>
    {
        _entered.Fire();
        await _release.WaitAsync();
        return Script.Answer(run);
    });

    private static Task<TestApp> StartAsync(
        Script script,
        Action<IdempotencyOptions>? options = null,
        IIdempotencyStore? store = null,
        Action<IServiceCollection>? services = null) =>
        TestApp.StartAsync(
            [typeof(ApiProblemController), typeof(PlainProblemController)],
            all =>
            {
                all.AddSingleton(script);
                var idempotency = all.AddIdempotency(options);
                if (store is not null)
                    idempotency.UseStore((_, _) => store);
                services?.Invoke(all);
            },
            app => app.MapPost("/minimal", (Delegate)((HttpContext http) => MinimalAsync(script, http))).RequireIdempotency());

    private static async Task<IResult> MinimalAsync(Script script, HttpContext http) => await script.RunAsync(http) switch
    {
        ContentResult content => Results.Text(content.Content, statusCode: content.StatusCode),
        ObjectResult answer => Results.Json(answer.Value, statusCode: answer.StatusCode),
        _ => Results.Empty,
    };

    private sealed class UnknownLengthStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}

[ApiController, Route("api")]
public sealed class ApiProblemController(Script script) : ControllerBase
{
    [HttpPost, Idempotent]
    public Task<IActionResult> Post() => script.RunAsync(HttpContext);
}

[Route("plain")]
public sealed class PlainProblemController(Script script) : Controller
{
    [HttpPost, Idempotent]
    public Task<IActionResult> Post() => script.RunAsync(HttpContext);
}
