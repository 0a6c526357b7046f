using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Tests.Responses;

/// <summary><c>ShouldStore</c> sees the response that it decides on, with its body.</summary>
internal sealed class ShouldStoreTests
{
    [Test]
    public async Task ErrorInABodyOfStatus200CanFreeTheKey()
    {
        var script = new Script((_, run) => new ContentResult
        {
            Content = run == 1 ? """{"errors":[{"message":"busy"}]}""" : $$$"""{"data":{"run":{{{run}}}}}""",
            ContentType = "application/json",
        });
        await using var app = await script.StartAsync<ShouldStoreController>(
            o => o.ShouldStore = response => !Text(response.Body).Contains("\"errors\"", StringComparison.Ordinal));

        Assert.That(await app.AnswerAsync("/decided", "k"), Does.Contain("busy"));
        Assert.That(await app.AnswerAsync("/decided", "k"), Is.EqualTo("""200 {"data":{"run":2}}"""));
        Assert.That(await app.AnswerAsync("/decided", "k"), Is.EqualTo("""200 {"data":{"run":2}} replayed"""));
    }

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(10_000)]
    [TestCase(200_000)]
    public async Task BodyIsWholeAndTheSameThatTheClientGets(int length)
    {
        var seen = new List<(string Body, bool IsWhole)>();
        var body = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 26))));
        var script = new Script(async (http, _) =>
        {
            foreach (var part in body.Chunk(7_000))
                await http.Response.WriteAsync(new string(part));
            return new EmptyResult();
        });
        await using var app = await script.StartAsync<ShouldStoreController>(o => o.ShouldStore = response =>
        {
            seen.Add((Text(response.Body), response.IsBodyWhole));
            return true;
        });

        using var first = await app.PostAsync("/decided", "k");

        Assert.That(await first.TextAsync(), Is.EqualTo(body));
        Assert.That(seen, Is.EqualTo([(body, true)]));
    }

    [Test]
    public async Task BodyThatOutgrowsTheLimitIsShownUpToThatPoint()
    {
        var seen = new List<(string Body, bool IsWhole)>();
        var script = new Script(async (http, _) =>
        {
            await http.Response.Body.WriteAsync("begin "u8.ToArray());
            await http.Response.Body.WriteAsync("and the rest"u8.ToArray());
            return new EmptyResult();
        });
        await using var app = await script.StartAsync<ShouldStoreController>(o =>
        {
            o.MaxResponseBodySize = 8;
            o.ShouldStore = response =>
            {
                seen.Add((Text(response.Body), response.IsBodyWhole));
                return true;
            };
        });

        Assert.That(await app.AnswerAsync("/decided", "k"), Is.EqualTo("200 begin and the rest"));
        Assert.That(await app.AnswerAsync("/decided", "k"), Is.EqualTo("409 not-replayable"));
        Assert.That(seen, Is.EqualTo([("begin ", false)]));
    }

    [Test]
    public async Task BodyIsNotReadableAfterTheCall()
    {
        IdempotencyResponseContext? kept = null;
        await using var app = await new Script().StartAsync<ShouldStoreController>(o => o.ShouldStore = response =>
        {
            kept = response;
            return true;
        });

        using var first = await app.PostAsync("/decided", "k");

        Assert.That(() => kept!.Body, Throws.InvalidOperationException.With.Message.Contains("ShouldStore"));
    }

    [Test]
    public async Task StreamThatIsNotToBeKeptFreesTheKeyAndTheDelegateIsAskedOnce()
    {
        var calls = 0;
        var script = new Script(async (http, run) =>
        {
            await http.Response.StartAsync();
            await http.Response.Body.WriteAsync(new byte[100]);
            return new EmptyResult();
        });
        await using var app = await script.StartAsync<ShouldStoreController>(o =>
        {
            o.MaxResponseBodySize = 8;
            o.ShouldStore = response => calls++ > 0 ? throw new InvalidOperationException() : false;
        });

        using var first = await app.PostAsync("/decided", "k");

        Assert.That(await first.Content.ReadAsByteArrayAsync(), Has.Length.EqualTo(100));
        Assert.That(calls, Is.EqualTo(1));
    }

    private static string Text(ReadOnlySequence<byte> body) => Encoding.UTF8.GetString(body);
}

[ApiController, Idempotent]
public sealed class ShouldStoreController(Script script) : ControllerBase
{
    [HttpPost("decided")]
    public Task<IActionResult> Decided() => script.RunAsync(HttpContext);
}
