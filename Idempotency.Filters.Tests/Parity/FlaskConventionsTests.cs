using System.Net;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Parity;

/// <summary>What PARITY.md says about flask-idempotent (F), by the numbers of its rows and defects.</summary>
internal sealed class FlaskConventionsTests
{
    private const string Header = "X-Idempotent-Key";

    private static readonly string[] Unsafe = ["POST", "PUT", "PATCH", "DELETE"];

    [TestCaseSource(nameof(Unsafe))]
    public async Task Row6And9And17UnsafeMethodsAreReplayedAsTheyWereWithoutAMarker(string method)
    {
        var script = new Script();
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync(method, "k", header: Header);

        using var retry = await app.SendAsync(method, "k", header: Header);

        await first.IsUnmarkedAsync(1, 201);
        await retry.IsUnmarkedAsync(1, 201);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task Row9SafeMethodsAreNotCovered()
    {
        await using var app = await StartAsync(new Script());
        using var first = await app.SendAsync("GET", "k", header: Header);

        using var second = await app.SendAsync("GET", "k", header: Header);

        await second.IsUnmarkedAsync(2, 201);
    }

    [Test]
    public async Task Row4KeyIsOptionalAndThatOfAnotherHeaderIsNone()
    {
        await using var app = await StartAsync(new Script());
        using var first = await app.SendAsync("POST", "k", header: "Idempotency-Key");

        using var second = await app.SendAsync("POST", "k", header: "Idempotency-Key");

        await second.IsUnmarkedAsync(2, 201);
    }

    [Test]
    public async Task Row7KeyIsReadFromTheQuery()
    {
        var script = new Script();
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", null, "/orders?__idempotent_key=k");

        using var retry = await app.SendAsync("POST", null, "/orders?__idempotent_key=k");
        using var other = await app.SendAsync("POST", null, "/orders?__idempotent_key=other");

        await retry.IsUnmarkedAsync(1, 201);
        await other.IsUnmarkedAsync(2, 201);
    }

    [Test]
    public async Task Row7KeyIsReadFromTheForm([Values] bool multipart)
    {
        var script = new Script(async (http, run) =>
        {
            var form = await http.Request.ReadFormAsync();
            return new ObjectResult(new { run }) { StatusCode = form["item"] == "book" ? 201 : 418 };
        });
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", null, content: Form("k", multipart));

        using var retry = await app.SendAsync("POST", null, content: Form("k", multipart));
        using var other = await app.SendAsync("POST", null, content: Form("other", multipart));

        await first.IsUnmarkedAsync(1, 201);
        await retry.IsUnmarkedAsync(1, 201);
        await other.IsUnmarkedAsync(2, 201);
    }

    [Test]
    public async Task Row7QueryGoesBeforeFormAndFormBeforeHeader()
    {
        await using var app = await new Script((http, _) =>
            new ContentResult { Content = ((IIdempotencyContext)http.RequestServices.GetService(typeof(IIdempotencyContext))!).Key })
            .StartAsync<ConventionsController>(options => options.UseFlaskIdempotentConventions());

        using var all = await app.SendAsync("POST", "header", "/orders?__idempotent_key=query", Form("form", false), Header);
        using var two = await app.SendAsync("POST", "header", "/orders", Form("form", false), Header);
        using var one = await app.SendAsync("POST", "header", "/orders", ParityApp.Json("1"), Header);

        Assert.That((await all.TextAsync(), await two.TextAsync(), await one.TextAsync()), Is.EqualTo(("query", "form", "header")));
    }

    [Test]
    public async Task Row8KeysAreNotChecked()
    {
        var key = "no-uuid!" + new string('k', 1000);
        await using var app = await StartAsync(new Script());
        using var first = await app.SendAsync("POST", key, header: Header);

        using var retry = await app.SendAsync("POST", key, header: Header);

        await retry.IsUnmarkedAsync(1, 201);
    }

    [Test]
    public async Task Row12RequestInFlightIsWaitedForAndGetsItsAnswer()
    {
        var (entered, release, clock) = (new Signal(), new Signal(), new FakeTimeProvider());
        var (script, store) = (ConventionsSupport.Held(entered, release), new FaultyStore(clock));
        await using var app = await StartAsync(script, clock, store);
        var first = app.SendAsync("POST", "k", header: Header);
        await entered.WaitAsync();

        var retry = app.SendAsync("POST", "k", header: Header);
        await Waiting.UntilAsync(() => store.Waits == 1);
        clock.Advance(TimeSpan.FromSeconds(59));
        release.Fire();

        using var answer = await retry.Soon();
        await answer.IsUnmarkedAsync(1, 201);
        using var original = await first.Soon();
        await original.IsUnmarkedAsync(1, 201);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task Row13After60SecondsOfWaitingItIs408()
    {
        var (entered, release, clock) = (new Signal(), new Signal(), new FakeTimeProvider());
        var (script, store) = (ConventionsSupport.Held(entered, release), new FaultyStore(clock));
        await using var app = await StartAsync(script, clock, store);
        var first = app.SendAsync("POST", "k", header: Header);
        await entered.WaitAsync();

        var retry = app.SendAsync("POST", "k", header: Header);
        await Waiting.UntilAsync(() => store.Waits == 1);
        clock.Advance(TimeSpan.FromSeconds(60) - TimeSpan.FromTicks(1));
        Assert.That(retry.IsCompleted, Is.False);
        clock.Advance(TimeSpan.FromTicks(1));

        using var refused = await retry.Soon();
        release.Fire();
        using var answer = await first.Soon();
        await refused.IsProblemAsync(408, "in-flight");
        await answer.IsUnmarkedAsync(1, 201);
    }

    [TestCase(200, true)]
    [TestCase(302, true)]
    [TestCase(404, true)]
    [TestCase(500, true)]
    [TestCase(401, false, Description = "Defect 3: kept, it poisons the owner's key.")]
    [TestCase(429, false)]
    public async Task Row17And19AnyFinalStatusIsKeptAndReplayedAsItWas(int status, bool kept)
    {
        var script = new Script((_, run) => Script.Answer(run, status));
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", "k", header: Header);

        using var retry = await app.SendAsync("POST", "k", header: Header);

        await retry.IsUnmarkedAsync(kept ? 1 : 2, status);
    }

    [Test]
    public async Task Row20AnyContentTypeIsKept()
    {
        var script = new Script((_, _) => new ContentResult { Content = "<p>Thank you</p>", ContentType = "text/html" });
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", "k", header: Header);

        using var retry = await app.SendAsync("POST", "k", header: Header);

        Assert.That(await retry.TextAsync(), Is.EqualTo("<p>Thank you</p>"));
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task Row21RecordsExpireAfter240Seconds()
    {
        var clock = new FakeTimeProvider();
        await using var app = await StartAsync(new Script(), clock);
        using var first = await app.SendAsync("POST", "k", header: Header);
        clock.Advance(TimeSpan.FromSeconds(240) - TimeSpan.FromTicks(1));

        using var retry = await app.SendAsync("POST", "k", header: Header);
        clock.Advance(TimeSpan.FromTicks(1));
        using var late = await app.SendAsync("POST", "k", header: Header);

        await retry.IsUnmarkedAsync(1, 201);
        await late.IsUnmarkedAsync(2, 201);
    }

    [Test]
    public async Task Defect2ExceptionFreesTheKey()
    {
        var script = new Script((_, run) => run == 1 ? throw new InvalidOperationException() : Script.Answer(run));
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", "k", header: Header);

        using var retry = await app.SendAsync("POST", "k", header: Header);

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        await retry.IsUnmarkedAsync(2, 201);
    }

    [Test]
    public async Task Defect4OtherBodyDoesNotGetTheFirstAnswer()
    {
        var script = new Script();
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", "k", content: ParityApp.Json("1"), header: Header);

        using var other = await app.SendAsync("POST", "k", content: ParityApp.Json("2"), header: Header);

        await other.IsProblemAsync(422, "key-reused");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task Defect6SlowActionDoesNotOutliveItsClaim()
    {
        var (entered, release, clock) = (new Signal(), new Signal(), new FakeTimeProvider());
        var (script, store) = (ConventionsSupport.Held(entered, release), new FaultyStore(clock));
        await using var app = await StartAsync(script, clock, store);
        var first = app.SendAsync("POST", "k", header: Header);
        await entered.WaitAsync();
        clock.Advance(TimeSpan.FromSeconds(241));

        var retry = app.SendAsync("POST", "k", header: Header);
        await Waiting.UntilAsync(() => store.Waits == 1);
        release.Fire();

        using var answer = await retry.Soon();
        await answer.IsUnmarkedAsync(1, 201);
        Assert.That(script.Runs, Is.EqualTo(1));
        (await first.Soon()).Dispose();
    }

    [Test]
    public async Task ConventionsGoOverAllSettingsOfBefore()
    {
        await using var app = await new Script().StartAsync<ConventionsController>(options =>
        {
            ConventionsSupport.Unlike(options);
            options.UseFlaskIdempotentConventions();
        });
        using var none = await app.SendAsync("DELETE", null);
        using var first = await app.SendAsync("DELETE", "a-key", header: Header);

        using var retry = await app.SendAsync("DELETE", "a-key", header: Header);

        await none.IsUnmarkedAsync(1, 201);
        await retry.IsUnmarkedAsync(2, 201);
    }

    private static HttpContent Form(string key, bool multipart) => multipart
        ? new MultipartFormDataContent { { new StringContent("book"), "item" }, { new StringContent(key), "__idempotent_key" } }
        : new FormUrlEncodedContent(new Dictionary<string, string> { ["item"] = "book", ["__idempotent_key"] = key });

    private static Task<TestApp> StartAsync(Script script, TimeProvider? clock = null, FaultyStore? store = null) =>
        script.StartAsync<ConventionsController>(options => options.UseFlaskIdempotentConventions(), clock, store);
}
