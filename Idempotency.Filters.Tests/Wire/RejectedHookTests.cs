using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Wire;

/// <summary>How an application can change a rejection before it is sent.</summary>
[TestFixture("/api")]
[TestFixture("/plain")]
[TestFixture("/minimal")]
internal sealed class RejectedHookTests(string path)
{
    [Test]
    public async Task HookSeesWhatIsSent()
    {
        (string, int, string?, object?)? seen = null;
        await using var app = await StartAsync(rejected => seen =
            (rejected.Code, rejected.StatusCode, rejected.HttpContext.Request.Path.Value, rejected.ProblemDetails.Extensions["code"]));

        using var response = await app.PostAsync(path, null);

        await response.IsProblemAsync(400, "key-missing");
        Assert.That(seen, Is.EqualTo(("key-missing", 400, path, (object)"key-missing")));
    }

    [Test]
    public async Task HookChangesTheProblemDetails()
    {
        await using var app = await StartAsync(rejected =>
        {
            rejected.ProblemDetails.Status = 428;
            rejected.ProblemDetails.Title = "own";
            rejected.ProblemDetails.Extensions["help"] = "here";
        });

        using var response = await app.PostAsync(path, null);

        var problem = await response.IsProblemAsync(428, "key-missing");
        Assert.That((problem.GetProperty("title").GetString(), problem.GetProperty("help").GetString()), Is.EqualTo(("own", "here")));
    }

    [Test]
    public async Task StatusThatTheHookTakesAwayIsTheConfiguredOne()
    {
        await using var app = await StartAsync(rejected => rejected.ProblemDetails.Status = null);

        using var response = await app.PostAsync(path, null);

        await response.IsProblemAsync(400, "key-missing");
    }

    [Test]
    public async Task HookWritesAResponseOfItsOwnUnderTheStatusOfTheRefusal()
    {
        await using var app = await StartAsync(rejected => rejected.HttpContext.Response.WriteAsync("own"));

        using var response = await app.PostAsync(path, "a,b");

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await response.TextAsync(), Is.EqualTo("own"));
    }

    [Test]
    public async Task UnflushedResponseOfTheHookIsNotMixedWithTheProblem()
    {
        await using var app = await StartAsync(rejected =>
        {
            "own"u8.CopyTo(rejected.HttpContext.Response.BodyWriter.GetSpan(3));
            rejected.HttpContext.Response.BodyWriter.Advance(3);
        });

        using var response = await app.PostAsync(path, null);

        Assert.That(await response.TextAsync(), Is.EqualTo("own"));
        Assert.That((int)response.StatusCode, Is.EqualTo(400));
    }

    [Test]
    public async Task HandledResponseThatHasNotStartedIsLeftAlone()
    {
        await using var app = await StartAsync(rejected =>
        {
            rejected.HttpContext.Response.Redirect("/help");
            rejected.IsHandled = true;
        });

        using var response = await app.PostAsync(path, null);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Redirect));
        Assert.That((response.Headers.Location?.OriginalString, await response.TextAsync()), Is.EqualTo(("/help", "")));
    }

    [Test]
    public async Task HookChangesTheHeaders()
    {
        await using var app = await StartAsync(
            rejected => rejected.HttpContext.Response.Headers.RetryAfter += "7",
            new FaultyStore { OnClaim = () => throw new IOException("down") });

        using var response = await app.PostAsync(path, "k");

        await response.IsProblemAsync(503, "store-unavailable");
        Assert.That(response.Headers.NonValidated["Retry-After"].ToString(), Is.EqualTo("17"));
    }

    [Test]
    public async Task HookThatThrowsIsAnErrorOfTheAppAndNothingRuns()
    {
        var script = new Script();
        await using var app = await StartAsync(_ => throw new InvalidOperationException(), script: script);

        using var response = await app.PostAsync(path, null);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task AnswersAndReplaysAreNoBusinessOfTheHook()
    {
        var calls = 0;
        await using var app = await StartAsync(_ => calls++);

        using var first = await app.PostAsync(path, "k");
        using var retry = await app.PostAsync(path, "k");

        await retry.IsReplayOfAsync(1);
        Assert.That(calls, Is.Zero);
    }

    [Test]
    public async Task CustomizationOfTheAppCanTellTheProblemByItsType()
    {
        await using var app = await StartAsync(_ => { }, services: s => s.AddProblemDetails(
            o => o.CustomizeProblemDetails = c => c.ProblemDetails.Extensions["seen"] = c.ProblemDetails.Type));

        using var response = await app.PostAsync(path, null);

        var problem = await response.IsProblemAsync(400, "key-missing");
        Assert.That(problem.GetProperty("seen").GetString(), Is.EqualTo("urn:problem-type:idempotency:key-missing"));
    }

    private static Task<TestApp> StartAsync(
        Action<IdempotencyRejectedContext> hook,
        FaultyStore? store = null,
        Script? script = null,
        Action<IServiceCollection>? services = null) =>
        StartAsync(
            rejected =>
            {
                hook(rejected);
                return Task.CompletedTask;
            },
            store,
            script,
            services);

    private static Task<TestApp> StartAsync(
        Func<IdempotencyRejectedContext, Task> hook,
        FaultyStore? store = null,
        Script? script = null,
        Action<IServiceCollection>? services = null) =>
        TestApp.StartAsync(
            [typeof(ApiProblemController), typeof(PlainProblemController)],
            all =>
            {
                all.AddSingleton(script ?? new Script());
                var idempotency = all.AddIdempotency(o => o.OnRejected = async rejected => await hook(rejected));
                if (store is not null)
                    idempotency.UseStore((_, _) => store);
                services?.Invoke(all);
            },
            app => app
                .MapPost("/minimal", async (HttpContext http, Script script) =>
                {
                    var answer = (Microsoft.AspNetCore.Mvc.ObjectResult)await script.RunAsync(http);
                    return Results.Json(answer.Value, statusCode: answer.StatusCode);
                })
                .RequireIdempotency());
}
