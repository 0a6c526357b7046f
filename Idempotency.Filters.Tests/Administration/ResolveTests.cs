using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>Keys whose retries are refused, and how an operator resolves them.</summary>
internal sealed class ResolveTests
{
    [TestCase(false)]
    [TestCase(true)]
    public async Task RetryGetsTheOperatorsAnswerByteForByte(bool isProtected)
    {
        var script = OperatedApp.Failing();
        await using var app = await script.StartAsync<OperatedController>(
            OperatedApp.Block, services: isProtected ? new KeyRing().Protect : null);
        using var failed = await app.PostAsync("/orders", "k", JsonContent.Create(1));
        using var refused = await app.PostAsync("/orders", "k", JsonContent.Create(1));
        Assert.That(await app.StateAsync("k"), Is.EqualTo(FoundKeyState.Failed));

        var body = Encoding.UTF8.GetBytes("""{ "id": 7, "by": "hand" }""");
        var outcome = await app.Operator().ResolveAsync(OperatedApp.Anyone, "k", IdempotencyResolution.Completed(
            StatusCodes.Status202Accepted,
            new HeaderDictionary { ["Content-Type"] = "application/json", ["Location"] = "/orders/7", ["X-Two"] = new[] { "a", "b" } },
            body));

        using var retry = await app.PostAsync("/orders", "k", JsonContent.Create(1));
        await refused.IsProblemAsync(409, "outcome-unknown");
        Assert.That(outcome, Is.EqualTo(ResolveOutcome.Resolved));
        Assert.That(retry.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(await retry.Content.ReadAsByteArrayAsync(), Is.EqualTo(body));
        Assert.That(retry.Content.Headers.ContentType?.ToString(), Is.EqualTo("application/json"));
        Assert.That(retry.Headers.Location?.OriginalString, Is.EqualTo("/orders/7"));
        Assert.That(retry.Headers.GetValues("X-Two"), Is.EqualTo(["a", "b"]));
        Assert.That(retry.IsReplay(), Is.True);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task OperatorsAnswerIsForEveryRequestWithTheKey()
    {
        await using var app = await OperatedApp.Failing().StartAsync<OperatedController>(OperatedApp.Block);
        using var failed = await app.PostAsync("/orders", "k", JsonContent.Create(1));
        await app.CompleteAsync("k");

        using var otherBody = await app.PostAsync("/orders", "k", JsonContent.Create(2));
        using var otherTarget = await app.PostAsync("/orders?other", "k");
        using var otherForm = await app.PostAsync("/orders", "k", new FormUrlEncodedContent([new("a", "b")]));

        await otherBody.IsByHandAsync();
        await otherTarget.IsByHandAsync();
        await otherForm.IsByHandAsync();
    }

    [Test]
    public async Task FreedKeyRunsOnce()
    {
        var script = OperatedApp.Failing();
        await using var app = await script.StartAsync<OperatedController>(OperatedApp.Block);
        using var failed = await app.PostAsync("/orders", "k");

        Assert.That(await app.FreeAsync("k"), Is.EqualTo(ResolveOutcome.Resolved));

        Assert.That(await app.StateAsync("k"), Is.Null);
        using var second = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");
        await second.IsRunAsync(2);
        await retry.IsReplayOfAsync(2);
    }

    [Test]
    public async Task LiveClaimIsLeftAlone()
    {
        var (entered, release) = (new Signal(), new Signal());
        var script = new Script(async (_, run) =>
        {
            entered.Fire();
            await release.WaitAsync();
            return Script.Answer(run);
        });
        await using var app = await script.StartAsync<OperatedController>();
        var first = app.PostAsync("/orders", "k");
        await entered.WaitAsync();

        Assert.That(await app.StateAsync("k"), Is.EqualTo(FoundKeyState.InFlight));
        Assert.That(await app.FreeAsync("k"), Is.EqualTo(ResolveOutcome.InFlight));
        Assert.That(await app.CompleteAsync("k"), Is.EqualTo(ResolveOutcome.InFlight));

        release.Fire();
        await (await first.Soon()).IsRunAsync(1);
        using var retry = await app.PostAsync("/orders", "k");
        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task AnswerThatIsThereIsLeftAlone()
    {
        await using var app = await new Script().StartAsync<OperatedController>();
        using var first = await app.PostAsync("/orders", "k");

        Assert.That(await app.FreeAsync("k"), Is.EqualTo(ResolveOutcome.AlreadyCompleted));
        Assert.That(await app.CompleteAsync("k"), Is.EqualTo(ResolveOutcome.AlreadyCompleted));

        using var retry = await app.PostAsync("/orders", "k");
        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task AnswerOfTheFirstOperatorStands()
    {
        await using var app = await OperatedApp.Failing().StartAsync<OperatedController>(OperatedApp.Block);
        using var failed = await app.PostAsync("/orders", "k");
        await app.CompleteAsync("k");

        Assert.That(await app.FreeAsync("k"), Is.EqualTo(ResolveOutcome.AlreadyCompleted));

        using var retry = await app.PostAsync("/orders", "k");
        await retry.IsByHandAsync();
    }

    [Test]
    public async Task FreeKeyStaysFree()
    {
        await using var app = await new Script().StartAsync<OperatedController>();

        Assert.That(await app.CompleteAsync("k"), Is.EqualTo(ResolveOutcome.NotFound));

        using var first = await app.PostAsync("/orders", "k");
        await first.IsRunAsync(1);
    }

    [Test]
    public async Task AnswerThatWasNotKeptCanBeGiven()
    {
        await using var app = await new Script().StartAsync<OperatedController>(o => o.MaxResponseBodySize = 7);
        using var first = await app.PostAsync("/orders", "k");
        using var refused = await app.PostAsync("/orders", "k");
        Assert.That(await app.StateAsync("k"), Is.EqualTo(FoundKeyState.NotReplayable));

        Assert.That(await app.CompleteAsync("k"), Is.EqualTo(ResolveOutcome.Resolved));

        using var retry = await app.PostAsync("/orders", "k");
        await refused.IsProblemAsync(409, "not-replayable");
        await retry.IsByHandAsync();
    }

    [Test]
    public async Task FoundAnswerIsTheStoredOne()
    {
        var clock = new FakeTimeProvider();
        await using var app = await new Script().StartAsync<OperatedController>(clock: clock);
        using var first = await app.PostAsync("/orders", "k");

        var found = await app.Operator().FindAsync(OperatedApp.Anyone, "k");

        Assert.That(found!.State, Is.EqualTo(FoundKeyState.Completed));
        Assert.That(found.Created, Is.EqualTo(clock.GetUtcNow()));
        Assert.That(found.Response!.StatusCode, Is.EqualTo(201));
        Assert.That(Encoding.UTF8.GetString(found.Response.Body), Is.EqualTo("""{"run":1}"""));
    }

    [Test]
    public async Task FoundFailureHasNoAnswerButATime()
    {
        var clock = new FakeTimeProvider();
        await using var app = await OperatedApp.Failing().StartAsync<OperatedController>(OperatedApp.Block, clock);
        using var failed = await app.PostAsync("/orders", "k");

        var found = await app.Operator().FindAsync(OperatedApp.Anyone, "k");

        Assert.That(found!.Created, Is.EqualTo(clock.GetUtcNow()));
        Assert.That(found.Response, Is.Null);
    }

    [Test]
    public async Task OperatorsAnswerIsKeptForTheRetentionOfThePolicy()
    {
        var clock = new FakeTimeProvider();
        await using var app = await OperatedApp.Failing().StartAsync<TwoPoliciesController>(
            OperatedApp.Block, clock, services: s => s.AddIdempotency().AddPolicy("policy", o => o.Retention = TimeSpan.FromHours(72)));
        using var failed = await app.PostAsync("/orders/policy", "k");
        clock.Advance(TimeSpan.FromHours(71));
        await app.CompleteAsync("k", "policy");
        clock.Advance(TimeSpan.FromHours(72) - TimeSpan.FromTicks(1));
        using var late = await app.PostAsync("/orders/policy", "k");

        clock.Advance(TimeSpan.FromTicks(1));

        using var after = await app.PostAsync("/orders/policy", "k");
        await late.IsByHandAsync();
        await after.IsRunAsync(2);
    }

    [Test]
    public async Task EmptyAnswerStaysEmpty([Values(200, 204, 404)] int status)
    {
        await using var app = await OperatedApp.Failing().StartAsync<OperatedController>(
            OperatedApp.Block, pipeline: app => Microsoft.AspNetCore.Builder.StatusCodePagesExtensions.UseStatusCodePages(app));
        using var failed = await app.PostAsync("/orders", "k");
        await app.Operator().ResolveAsync(OperatedApp.Anyone, "k", IdempotencyResolution.Completed(status));

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That((int)retry.StatusCode, Is.EqualTo(status));
        Assert.That(await retry.TextAsync(), Is.Empty);
        Assert.That(retry.Content.Headers.ContentLength, Is.EqualTo(0));
        Assert.That(retry.IsReplay(), Is.True);
    }

    [Test]
    public async Task MarkerIsLeftOutOfTheOperatorsAnswer()
    {
        await using var app = await OperatedApp.Failing().StartAsync<OperatedController>(OperatedApp.Block);
        using var failed = await app.PostAsync("/orders", "k");
        await app.Operator().ResolveAsync(OperatedApp.Anyone, "k", IdempotencyResolution.Completed(
            StatusCodes.Status200OK,
            new HeaderDictionary
            {
                ["Content-Length"] = "4", ["Idempotent-Replayed"] = "no", ["ETag"] = "\"7\"",
            },
            "body"u8.ToArray()));

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(await retry.TextAsync(), Is.EqualTo("body"));
        Assert.That(retry.Headers.GetValues("Idempotent-Replayed"), Is.EqualTo(["true"]));
        Assert.That(retry.Headers.ETag?.Tag, Is.EqualTo("\"7\""));
    }

    [TestCase("Set-Cookie", "session=7")]
    [TestCase("Transfer-Encoding", "chunked")]
    [TestCase("WWW-Authenticate", "Bearer")]
    [TestCase("Access-Control-Allow-Origin", "*")]
    [TestCase("traceparent", "00-1-2-00")]
    [TestCase("RateLimit-Reset", "5")]
    public void HeaderThatNoReplaySendsIsRefusedByName(string name, string value) => Assert.That(
        () => IdempotencyResolution.Completed(200, new HeaderDictionary { [name] = value }),
        Throws.ArgumentException.With.Message.Contains(name).And.Message.Contains("remove it"));

    [Test]
    public async Task ManualActionSeesTheOperatorsAnswerAndCannotCompareTheRequest()
    {
        (bool IsRepeat, bool? Matches) seen = default;
        var script = new Script((http, run) =>
        {
            var idempotency = http.RequestServices.GetRequiredService<IIdempotencyContext>();
            seen = (idempotency.IsRepeat, idempotency.RequestMatches);
            return run == 1 ? throw new InvalidOperationException("after its effect") : idempotency.Replay();
        });
        await using var app = await script.StartAsync<OperatedController>(o =>
        {
            OperatedApp.Block(o);
            o.MaxBufferedBodySize = 0;
        });
        using var failed = await app.PostAsync("/orders/manual", "k");
        await app.CompleteAsync("k");

        using var repeat = await app.PostAsync(
            "/orders/manual", "k", JsonContent.Create("not held, since there is nothing to compare it with"));

        await repeat.IsByHandAsync();
        Assert.That(seen, Is.EqualTo((true, (bool?)null)));
    }

    [Test]
    public async Task ResolutionIsLoggedWithoutTheKey()
    {
        await using var app = await OperatedApp.Failing().StartAsync<OperatedController>(OperatedApp.Block);
        using var failed = await app.PostAsync("/orders", "secret-key");

        await app.CompleteAsync("secret-key");

        var line = app.Logs.Lines.Single(line => line.Id.Id == 80);
        Assert.That(line.Level, Is.EqualTo(LogLevel.Information));
        Assert.That(line.Message, Does.Contain("completed"));
        Assert.That(app.Logs.Lines, Has.None.Matches<LogLine>(line => line.Message.Contains("secret-key")));
    }
}
