using System.Net;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Parity;

/// <summary>What PARITY.md says about django-idempotency-key (D), by the numbers of its rows and defects.</summary>
internal sealed class DjangoConventionsTests
{
    private static readonly string[] Unsafe = ["POST", "PUT", "PATCH", "DELETE"];

    [TestCaseSource(nameof(Unsafe))]
    public async Task Row6And9And17UnsafeMethodsAreReplayedWith409AndWithoutAMarker(string method)
    {
        var script = new Script();
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync(method, "k");

        using var retry = await app.SendAsync(method, "k");

        await first.IsUnmarkedAsync(1, 201);
        await retry.IsUnmarkedAsync(1, 409);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [TestCaseSource(nameof(Unsafe))]
    public async Task Row4KeyIsRequired(string method)
    {
        var script = new Script();
        await using var app = await StartAsync(script);

        using var response = await app.SendAsync(method, null);

        await response.IsProblemAsync(400, "key-missing");
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task Row9SafeMethodsAreNotCovered()
    {
        await using var app = await StartAsync(new Script());
        using var first = await app.SendAsync("GET", "k");

        using var second = await app.SendAsync("GET", "k");

        await first.IsUnmarkedAsync(1, 201);
        await second.IsUnmarkedAsync(2, 201);
    }

    [TestCase("no-uuid!")]
    [TestCase("1")]
    [TestCase(null, TestName = "A key of 1,000 characters")]
    public async Task Row8KeysAreNotChecked(string? key)
    {
        key ??= new string('k', 1000);
        await using var app = await StartAsync(new Script());
        using var first = await app.SendAsync("POST", key);

        using var retry = await app.SendAsync("POST", key);

        await retry.IsUnmarkedAsync(1, 409);
    }

    [Test]
    public async Task Row12And13RequestInFlightIsWaitedForATenthOfASecondAndThen423()
    {
        var (entered, release, clock) = (new Signal(), new Signal(), new FakeTimeProvider());
        var (script, store) = (ConventionsSupport.Held(entered, release), new FaultyStore(clock));
        await using var app = await StartAsync(script, clock, store);
        var first = app.SendAsync("POST", "k");
        await entered.WaitAsync();

        var retry = app.SendAsync("POST", "k");
        await Waiting.UntilAsync(() => store.Waits == 1);
        clock.Advance(TimeSpan.FromMilliseconds(100) - TimeSpan.FromTicks(1));
        Assert.That(retry.IsCompleted, Is.False);
        clock.Advance(TimeSpan.FromTicks(1));

        using var refused = await retry.Soon();
        release.Fire();
        using var answer = await first.Soon();
        await refused.IsProblemAsync(423, "in-flight");
        await answer.IsUnmarkedAsync(1, 201);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task Defect1FiveAtOnceRunTheActionOnce()
    {
        var (entered, release, clock) = (new Signal(), new Signal(), new FakeTimeProvider());
        var (script, store) = (ConventionsSupport.Held(entered, release), new FaultyStore(clock));
        await using var app = await StartAsync(script, clock, store);
        var all = Enumerable.Range(0, 5).Select(_ => app.SendAsync("POST", "k")).ToArray();
        await Waiting.UntilAsync(() => store.Waits == 4);
        release.Fire();

        var answers = await Task.WhenAll(all).Soon();

        Assert.That(answers.Select(answer => (int)answer.StatusCode), Is.EquivalentTo([201, 409, 409, 409, 409]));
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [TestCase(200, true)]
    [TestCase(201, true)]
    [TestCase(202, true)]
    [TestCase(203, true)]
    [TestCase(204, true)]
    [TestCase(205, true)]
    [TestCase(206, true)]
    [TestCase(207, true)]
    [TestCase(208, false)]
    [TestCase(302, false)]
    [TestCase(404, false)]
    [TestCase(422, false)]
    [TestCase(500, false)]
    public async Task Row19StatusesFrom200To207AreKept(int status, bool kept)
    {
        var script = new Script((_, _) => new StatusCodeResult(status));
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", "k");

        using var retry = await app.SendAsync("POST", "k");

        Assert.That((int)first.StatusCode, Is.EqualTo(status));
        Assert.That((int)retry.StatusCode, Is.EqualTo(kept ? 409 : status));
        Assert.That(script.Runs, Is.EqualTo(kept ? 1 : 2));
    }

    [Test]
    public async Task Row20AnyContentTypeIsKept()
    {
        var script = new Script((_, _) => new ContentResult { Content = "<a/>", ContentType = "application/xml" });
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", "k");

        using var retry = await app.SendAsync("POST", "k");

        Assert.That(await retry.TextAsync(), Is.EqualTo("<a/>"));
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public void Row21ExpiryIsLeftToTheApplication()
    {
        var options = new IdempotencyOptions { Retention = TimeSpan.FromMinutes(7) };

        options.UseDjangoIdempotencyKeyConventions();

        Assert.That(options.Retention, Is.EqualTo(TimeSpan.FromMinutes(7)));
    }

    [Test]
    public async Task Defect4OtherBodyIsRefusedInsteadOfRun()
    {
        var script = new Script();
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", "k", content: ParityApp.Json("1"));

        using var other = await app.SendAsync("POST", "k", content: ParityApp.Json("2"));

        await other.IsProblemAsync(422, "key-reused");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task Defect6StatusOfAReplayLeavesTheRecordAlone()
    {
        var (script, store) = (new Script(), new FaultyStore());
        await using var app = await StartAsync(script, store: store);
        await using var plain = await script.StartAsync<ConventionsController>(store: store);
        using var first = await app.SendAsync("POST", "k");
        using var retry = await app.SendAsync("POST", "k");

        using var original = await plain.SendAsync("POST", "k");

        Assert.That(retry.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        await original.IsReplayOfAsync(1, 201);
    }

    [Test]
    public async Task Defect8CookiesAreNotReplayed()
    {
        var script = new Script((http, run) =>
        {
            http.Response.Cookies.Append("session", "of the first");
            return Script.Answer(run);
        });
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", "k");

        using var retry = await app.SendAsync("POST", "k");

        Assert.That(first.Headers.Contains("Set-Cookie"), Is.True);
        Assert.That(retry.Headers.Contains("Set-Cookie"), Is.False);
    }

    [Test]
    public async Task ConventionsGoOverAllSettingsOfBefore()
    {
        await using var app = await new Script().StartAsync<ConventionsController>(options =>
        {
            ConventionsSupport.Unlike(options);
            options.UseDjangoIdempotencyKeyConventions();
        });
        using var missing = await app.SendAsync("DELETE", null);
        using var first = await app.SendAsync("DELETE", "a-key");

        using var retry = await app.SendAsync("DELETE", "a-key");

        await missing.IsProblemAsync(400, "key-missing");
        await retry.IsUnmarkedAsync(1, 409);
    }

    private static Task<TestApp> StartAsync(Script script, TimeProvider? clock = null, FaultyStore? store = null) =>
        script.StartAsync<ConventionsController>(options => options.UseDjangoIdempotencyKeyConventions(), clock, store);
}
