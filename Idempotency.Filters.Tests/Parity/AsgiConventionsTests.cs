using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Parity;

/// <summary>What PARITY.md says about asgi-idempotency-header (A), by the numbers of its rows and defects.</summary>
internal sealed class AsgiConventionsTests
{
    private const string Key = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6";

    [TestCase("POST", true)]
    [TestCase("PATCH", true)]
    [TestCase("PUT", false)]
    [TestCase("DELETE", false)]
    [TestCase("GET", false)]
    public async Task Row9And18PostAndPatchAreReplayedWithTheMarker(string method, bool covered)
    {
        await using var app = await StartAsync(new Script());
        using var first = await app.SendAsync(method, Key);

        using var retry = await app.SendAsync(method, Key);

        await first.IsRunAsync(1);
        if (!covered)
        {
            await retry.IsRunAsync(2);
            return;
        }

        await retry.IsReplayOfAsync(1);
        Assert.That(retry.Headers.GetValues("Idempotent-Replayed"), Is.EqualTo(["true"]));
    }

    [Test]
    public async Task Row4KeyIsOptional()
    {
        await using var app = await StartAsync(new Script());
        using var first = await app.SendAsync("POST", null);

        using var second = await app.SendAsync("POST", null);

        await first.IsRunAsync(1);
        await second.IsRunAsync(2);
    }

    [TestCase(Key)]
    [TestCase("F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6")]
    [TestCase("f81d4fae7dec41d0a76500a0c91e6bf6")]
    [TestCase("{f81d4fae-7dec-41d0-a765-00a0c91e6bf6}")]
    [TestCase("urn:uuid:f81d4fae-7dec-41d0-a765-00a0c91e6bf6")]
    [TestCase("c232ab00-9414-11ec-b3c8-9f6bdeced846", Description = "Version 1: the name of the setting says 4, but any is accepted.")]
    public async Task Row8AnyUuidIsAKey(string key)
    {
        await using var app = await StartAsync(new Script(), enforceUuid: true);
        using var first = await app.SendAsync("POST", key);

        using var retry = await app.SendAsync("POST", key);

        await retry.IsReplayOfAsync(1);
    }

    [TestCase("no-uuid")]
    [TestCase("f81d4fae-7dec-41d0-a765-00a0c91e6bf")]
    [TestCase("g81d4fae-7dec-41d0-a765-00a0c91e6bf6")]
    [TestCase("00000000-0000-0000-0000-000000000000", Description = "There it is a key. Only broken clients send it.")]
    public async Task Row8AnythingElseIs422WhereUuidsAreEnforced(string key)
    {
        var script = new Script();
        await using var app = await StartAsync(script, enforceUuid: true);

        using var response = await app.SendAsync("POST", key);

        await response.IsProblemAsync(422, "key-malformed");
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task Row12And13RequestInFlightIs409AtOnce()
    {
        var (entered, release) = (new Signal(), new Signal());
        var (script, store) = (ConventionsSupport.Held(entered, release), new FaultyStore());
        await using var app = await StartAsync(script, store: store);
        var first = app.SendAsync("POST", Key);
        await entered.WaitAsync();

        using var refused = await app.SendAsync("POST", Key);

        release.Fire();
        using var answer = await first.Soon();
        await refused.IsProblemAsync(409, "in-flight");
        await answer.IsRunAsync(1);
        Assert.That((script.Runs, store.Waits), Is.EqualTo((1, 0)));
    }

    [TestCase("application/json", true)]
    [TestCase("application/json; charset=utf-8", true, Description = "There a parameter is enough to lose the record.")]
    [TestCase("text/plain", false)]
    [TestCase("application/xml", false)]
    public async Task Row20OnlyJsonIsKept(string contentType, bool kept)
    {
        var script = new Script((_, _) => new ContentResult { Content = "{}", ContentType = contentType });
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", Key);

        using var retry = await app.SendAsync("POST", Key);

        Assert.That(retry.IsReplay(), Is.EqualTo(kept));
        Assert.That(script.Runs, Is.EqualTo(kept ? 1 : 2));
    }

    [TestCase(200, true)]
    [TestCase(302, true)]
    [TestCase(404, true)]
    [TestCase(500, true)]
    [TestCase(401, false, Description = "Defect 3: kept, it poisons the owner's key.")]
    [TestCase(403, false)]
    [TestCase(429, false)]
    public async Task Row17And19AnyFinalStatusIsKeptAndReplayedAsItWas(int status, bool kept)
    {
        var script = new Script((_, run) => Script.Answer(run, status));
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", Key);

        using var retry = await app.SendAsync("POST", Key);

        if (kept)
            await retry.IsReplayOfAsync(1, status);
        else
            await retry.IsRunAsync(2, status);
    }

    [Test]
    public async Task Row21RecordsExpireAfter24HoursAndDefect2TheKeyIsFreeThen()
    {
        var clock = new FakeTimeProvider();
        await using var app = await StartAsync(new Script(), clock);
        using var first = await app.SendAsync("POST", Key);
        clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromTicks(1));

        using var retry = await app.SendAsync("POST", Key);
        clock.Advance(TimeSpan.FromTicks(1));
        using var late = await app.SendAsync("POST", Key);

        await retry.IsReplayOfAsync(1);
        await late.IsRunAsync(2);
    }

    [Test]
    public async Task Defect2ExceptionFreesTheKey()
    {
        var script = new Script((_, run) => run == 1 ? throw new InvalidOperationException() : Script.Answer(run));
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", Key);

        using var retry = await app.SendAsync("POST", Key);

        Assert.That((int)first.StatusCode, Is.EqualTo(500));
        await retry.IsRunAsync(2);
    }

    [Test]
    public async Task Defect4OtherBodyDoesNotGetTheFirstAnswer()
    {
        var script = new Script();
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", Key, content: ParityApp.Json("1"));

        using var other = await app.SendAsync("POST", Key, content: ParityApp.Json("2"));

        await other.IsProblemAsync(422, "key-reused");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task Defect8JsonIsReplayedByteForByte()
    {
        const string Body = "{ \"b\" : 1.50,\n \"a\":\"\\u00e4\" }";
        var script = new Script((_, _) => new ContentResult { Content = Body, ContentType = "application/json" });
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", Key);

        using var retry = await app.SendAsync("POST", Key);

        Assert.That(retry.IsReplay(), Is.True);
        Assert.That(await retry.Content.ReadAsByteArrayAsync(), Is.EqualTo(Encoding.UTF8.GetBytes(Body)));
    }

    [Test]
    public async Task Defect5StreamedAnswerIsDeliveredWhole()
    {
        var script = new Script(async (http, _) =>
        {
            http.Response.ContentType = "application/json";
            foreach (var part in (string[])["[1,", "2,", "3]"])
            {
                await http.Response.WriteAsync(part);
                await http.Response.Body.FlushAsync();
            }

            return new EmptyResult();
        });
        await using var app = await StartAsync(script);
        using var first = await app.SendAsync("POST", Key);

        using var retry = await app.SendAsync("POST", Key);

        Assert.That(await first.TextAsync(), Is.EqualTo("[1,2,3]"));
        Assert.That(await retry.TextAsync(), Is.EqualTo("[1,2,3]"));
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task Row8UuidsAreNotEnforcedUnlessTheApplicationSaysSo()
    {
        await using var app = await StartAsync(new Script());
        using var first = await app.SendAsync("POST", "no-uuid");

        using var retry = await app.SendAsync("POST", "no-uuid");

        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task ConventionsGoOverAllSettingsOfBefore()
    {
        await using var app = await new Script().StartAsync<ConventionsController>(options =>
        {
            ConventionsSupport.Unlike(options);
            options.Retention = TimeSpan.FromMinutes(1);
            options.UseAsgiIdempotencyHeaderConventions(enforceUuid: true);
            Assert.That(options.Retention, Is.EqualTo(TimeSpan.FromHours(24)));
            Assert.That((options.WhenInFlight, options.StatusCodes.InFlight), Is.EqualTo((InFlightBehavior.Reject, 409)));
        });
        using var malformed = await app.SendAsync("POST", "no-uuid");
        using var first = await app.SendAsync("POST", Key);

        using var retry = await app.SendAsync("POST", Key);

        await malformed.IsProblemAsync(422, "key-malformed");
        await retry.IsReplayOfAsync(1);
    }

    private static Task<TestApp> StartAsync(
        Script script, TimeProvider? clock = null, FaultyStore? store = null, bool enforceUuid = false) =>
        script.StartAsync<ConventionsController>(options => options.UseAsgiIdempotencyHeaderConventions(enforceUuid), clock, store);
}
