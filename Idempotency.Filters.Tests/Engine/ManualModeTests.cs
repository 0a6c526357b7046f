using System.Buffers;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>The action always runs and decides what a repeat gets.</summary>
internal sealed class ManualModeTests
{
    [Test]
    public async Task ActionRunsEveryTimeAndKnowsARepeat()
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)]);

        Assert.That(await app.AnswerAsync("/manual/repeat", "k"), Is.EqualTo("200 1 False"));
        Assert.That(await app.AnswerAsync("/manual/repeat", "k"), Is.EqualTo("200 2 True"));
        Assert.That(await app.AnswerAsync("/manual/repeat", "other"), Is.EqualTo("200 3 False"));
    }

    [Test]
    public async Task KeyIsStillRequired()
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)]);

        Assert.That(await app.AnswerAsync("/manual/repeat", null), Is.EqualTo("400 key-missing"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public async Task RepeatSeesTheStoredResponse()
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)]);

        Assert.That(await app.AnswerAsync("/manual/stored", "k"), Is.EqualTo("201 first"));
        Assert.That(await app.AnswerAsync("/manual/stored", "k"), Is.EqualTo("200 201 first X-Run=1 created True"));
    }

    [TestCase("/manual/replay", TestName = "Replay() as an ActionResult")]
    [TestCase("/manual/replay-typed", TestName = "Replay() as an ActionResult<T>")]
    [TestCase("/manual/replay-result", TestName = "Replay() as an IResult of an action")]
    [TestCase("/minimal", TestName = "Replay() as an IResult of a Minimal API")]
    public async Task ReplaySendsTheFirstBytesAgainMarked(string path)
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)], null, app => app.MapPost(
            "/minimal", [IdempotencyManual] (Runs runs, IIdempotencyContext idempotency) =>
                idempotency.IsRepeat ? (IResult)idempotency.Replay() : Results.Created("/made", runs.Next())).RequireIdempotency());

        using var first = await app.PostAsync(path, "k");
        using var repeat = await app.PostAsync(path, "k");

        Assert.That((repeat.StatusCode, repeat.Headers.Location), Is.EqualTo((first.StatusCode, first.Headers.Location)));
        Assert.That(await repeat.Content.ReadAsByteArrayAsync(), Is.EqualTo(await first.Content.ReadAsByteArrayAsync()).And.Not.Empty);
        Assert.That(repeat.Headers.GetValues("Idempotent-Replayed"), Is.EqualTo(["true"]));
        Assert.That(first.Headers.Contains("Idempotent-Replayed"), Is.False);
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    /// <summary>The body is read once for the fingerprint and once by the action.</summary>
    [Test]
    public async Task BodyOfARepeatIsHashedOnce()
    {
        const string Body = "a body that can be read as often as one likes";
        var bodies = new List<CountingBody>();
        await using var app = await Answers.StartAsync(app =>
        {
            app.Use((http, next) =>
            {
                bodies.Add(new(Encoding.UTF8.GetBytes(Body)));
                http.Request.Body = bodies[^1];
                return next(http);
            });
            app.MapPost(
                "/minimal",
                [IdempotencyManual] async (HttpRequest request) => await new StreamReader(request.Body).ReadToEndAsync())
                .RequireIdempotency();
        });

        Assert.That(await app.AnswerAsync("/minimal", "k", new StringContent(Body)), Is.EqualTo($"200 {Body}"));
        Assert.That(await app.AnswerAsync("/minimal", "k", new StringContent(Body)), Is.EqualTo($"200 {Body}"));

        Assert.That(bodies.Select(body => body.BytesRead), Is.EqualTo([2 * Body.Length, 2 * Body.Length]));
    }

    [Test]
    public async Task RepeatsAnswerDoesNotReplaceTheRecord()
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)]);

        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("none")), Is.EqualTo("200 1 after nothing"));
        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("none")), Is.EqualTo("200 2 after 1"));
        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("none")), Is.EqualTo("200 3 after 1"));
    }

    [Test]
    public async Task KeptAnswerOfARepeatReplacesTheRecord()
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)]);

        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("none")), Is.EqualTo("200 1 after nothing"));
        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("keep")), Is.EqualTo("200 2 after 1"));
        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("keepfor")), Is.EqualTo("200 3 after 2"));
        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("none")), Is.EqualTo("200 4 after 3"));
    }

    [TestCase("throw", "500 thrown 2")]
    [TestCase("keep-throw", "500 thrown 2")]
    [TestCase("discard", "200 2 after 1")]
    [TestCase("error", "503 2")]
    public async Task PreviousRecordStandsAfter(string step, string answer)
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)], null, Answers.ShowErrors);

        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("none")), Is.EqualTo("200 1 after nothing"));
        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step(step)), Is.EqualTo(answer));
        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("none")), Is.EqualTo("200 3 after 1"));
    }

    [TestCase("throw", "500 thrown 1")]
    [TestCase("discard", "200 1 after nothing")]
    [TestCase("error", "503 1")]
    public async Task FirstRequestThatKeepsNothingIsNoFirstRequest(string step, string answer)
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)], null, Answers.ShowErrors);

        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step(step)), Is.EqualTo(answer));
        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("none")), Is.EqualTo("200 2 after nothing"));
    }

    [Test]
    public async Task LastWishCounts()
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)]);

        Assert.That(await app.AnswerAsync("/manual/steps", "k1", Step("discard-keep")), Is.EqualTo("200 1 after nothing"));
        Assert.That(await app.AnswerAsync("/manual/steps", "k1", Step("none")), Is.EqualTo("200 2 after 1"));
        Assert.That(await app.AnswerAsync("/manual/steps", "k2", Step("keep-discard")), Is.EqualTo("200 3 after nothing"));
        Assert.That(await app.AnswerAsync("/manual/steps", "k2", Step("none")), Is.EqualTo("200 4 after nothing"));
    }

    [Test]
    public async Task KeepKeepsAnAnswerOfAnyStatus()
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)]);

        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("keep-error")), Is.EqualTo("503 1"));
        Assert.That(await app.AnswerAsync("/manual/steps", "k", Step("none")), Is.EqualTo("200 2 after 1"));
    }

    [Test]
    public async Task RequestInFlightIsRefused()
    {
        var gate = new Gate();
        await using var app = await Answers.StartAsync([typeof(ManualController)], s => s.AddSingleton(gate));

        var first = app.AnswerAsync("/manual/held", "k");
        await gate.Entered.Task.Soon();
        Assert.That(await app.AnswerAsync("/manual/held", "k"), Is.EqualTo("409 in-flight"));

        gate.Opened.SetResult();
        Assert.That(await first, Is.EqualTo("200 1 False"));
        Assert.That(await app.AnswerAsync("/manual/held", "k"), Is.EqualTo("200 2 True"));
    }

    [TestCase("/manual/match", "a", "True", TestName = "The same request matches")]
    [TestCase("/manual/match", "b", "False", TestName = "Another body does not match")]
    [TestCase("/manual/match?x=1", "a", "False", TestName = "Another query does not match")]
    [TestCase("/manual/match/2", "a", "False", TestName = "Another path does not match")]
    public async Task RequestMatchesTellsWhetherItIsTheSameRequest(string path, string body, string expected)
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)]);

        Assert.That(await app.AnswerAsync("/manual/match", "k", JsonContent.Create("a")), Is.EqualTo("200 a null"));
        Assert.That(await app.AnswerAsync(path, "k", JsonContent.Create(body)), Is.EqualTo($"200 {body} {expected}"));
    }

    [Test]
    public async Task RequestMatchesIsNullWhenTheFirstBodyIsUnknown()
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)], null, app => app.Use(async (http, next) =>
        {
            // Consumes the first body before the library can hash it.
            if (http.Request.Headers.ContainsKey("X-Consume"))
                await http.Request.Body.CopyToAsync(Stream.Null);
            await next(http);
        }));

        Assert.That(await app.AnswerAsync("/manual/unread", "k", Bytes(1), "X-Consume: 1"), Is.EqualTo("200 null"));
        Assert.That(await app.AnswerAsync("/manual/unread", "k", Bytes(2)), Is.EqualTo("200 null"));
    }

    [TestCase(16, ExpectedResult = "200 True 16")]
    [TestCase(17, ExpectedResult = "413 body-too-large")]
    public async Task<string> BodyOverTheBufferIsRefusedOnARepeat(int size)
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)], s => s.AddIdempotency(o => o.MaxBufferedBodySize = 16));
        Assert.That(await app.AnswerAsync("/manual/raw", "k", Bytes(size)), Is.EqualTo($"200 False {size}"));

        var answer = await app.AnswerAsync("/manual/raw", "k", Bytes(size));
        Assert.That(app.Runs(), Is.EqualTo(size > 16 ? 1 : 2));
        return answer;
    }

    [Test]
    public async Task ChunkedBodyOverTheBufferIsRefusedOnARepeat()
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)], s => s.AddIdempotency(o => o.MaxBufferedBodySize = 16));
        await app.AnswerAsync("/manual/raw", "k", Chunked(17));

        Assert.That(await app.AnswerAsync("/manual/raw", "k", Chunked(17)), Is.EqualTo("413 body-too-large"));
        Assert.That(await app.AnswerAsync("/manual/raw", "k", Chunked(16)), Is.EqualTo("200 True 16"));
    }

    [Test]
    public async Task NotReplayableRecordIsARepeatWithoutAResponse()
    {
        await using var app = await Answers.StartAsync(
            [typeof(ManualController)], s => s.AddIdempotency(o => o.MaxResponseBodySize = 10), Answers.ShowErrors);

        Assert.That(await app.AnswerAsync("/manual/large", "k"), Is.EqualTo("200 " + new string('x', 50)));
        Assert.That(await app.AnswerAsync("/manual/large", "k"), Does.StartWith("500 ").And.Contains("not kept whole"));
    }

    [Test]
    public async Task WishAfterTheResponseLeftThrows()
    {
        await using var app = await Answers.StartAsync([typeof(ManualController)], s => s.AddIdempotency(o => o.MaxResponseBodySize = 10));

        Assert.That(await app.AnswerAsync("/manual/late", "k"), Does.EndWith("already on its way"));
    }

    private static JsonContent Step(string step) => JsonContent.Create(step);

    private static ByteArrayContent Bytes(int size) => new(new byte[size]);

    private static StreamContent Chunked(int size) => new(new Unsized(new byte[size]));

    /// <summary>A stream without a length, which makes the client send chunks.</summary>
    private sealed class Unsized(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }

    private sealed class CountingBody(byte[] bytes) : MemoryStream(bytes)
    {
        public int BytesRead { get; private set; }

        // Every way of reading the derived stream goes through this method.
        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = base.Read(buffer, offset, count);
            BytesRead += read;
            return read;
        }
    }
}

/// <summary>Signals that an action was entered, and holds the action until the gate opens.</summary>
public sealed class Gate
{
    public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task PassAsync()
    {
        Entered.TrySetResult();
        await Opened.Task.Soon();
    }
}

[ApiController, Route("manual"), IdempotencyManual]
public sealed class ManualController(Runs runs) : ControllerBase
{
    [HttpPost("repeat")]
    public string Repeat(IIdempotencyContext idempotency) => $"{runs.Next()} {idempotency.IsRepeat}";

    [HttpPost("stored")]
    public ActionResult Stored(IIdempotencyContext idempotency)
    {
        if (!idempotency.IsRepeat)
        {
            Response.Headers["X-Run"] = $"{runs.Next()}";
            return new ContentResult { Content = "first", StatusCode = StatusCodes.Status201Created };
        }

        var stored = idempotency.Response!;
        var header = stored.Headers.Single(header => header.Key == "X-Run");
        return Content(
            $"{stored.StatusCode} {Encoding.UTF8.GetString(stored.Body.ToArray())} {header.Key}={header.Value} "
            + $"created {stored.Created > DateTimeOffset.UtcNow.AddHours(-1)}");
    }

    [HttpPost("replay")]
    public ActionResult Replay(IIdempotencyContext idempotency) =>
        idempotency.IsRepeat ? idempotency.Replay() : Created("/made", runs.Next());

    [HttpPost("replay-typed")]
    public ActionResult<int> ReplayTyped(IIdempotencyContext idempotency) =>
        idempotency.IsRepeat ? idempotency.Replay() : Created("/made", runs.Next());

    [HttpPost("replay-result")]
    public IResult ReplayResult(IIdempotencyContext idempotency) =>
        idempotency.IsRepeat ? idempotency.Replay() : Results.Created("/made", runs.Next());

    [HttpPost("steps")]
    public ActionResult Steps([FromBody] string step, IIdempotencyContext idempotency)
    {
        var run = runs.Next();
        foreach (var part in step.Split('-'))
        {
            switch (part)
            {
                case "keep":
                    idempotency.Keep();
                    break;
                case "keepfor":
                    idempotency.KeepFor(TimeSpan.FromHours(1));
                    break;
                case "discard":
                    idempotency.Discard();
                    break;
                case "throw":
                    throw new NotSupportedException($"thrown {run}");
                case "error":
                    return StatusCode(503, run);
            }
        }

        return Content($"{run} after {Previous(idempotency)}");
    }

    [HttpPost("held")]
    public async Task<string> Held(IIdempotencyContext idempotency, [FromServices] Gate gate)
    {
        await gate.PassAsync();
        return $"{runs.Next()} {idempotency.IsRepeat}";
    }

    [HttpPost("match"), HttpPost("match/2")]
    public string Match([FromBody] string body, IIdempotencyContext idempotency) =>
        $"{body} {idempotency.RequestMatches?.ToString() ?? "null"}";

    [HttpPost("unread")]
    public string Unread(IIdempotencyContext idempotency) => idempotency.RequestMatches?.ToString() ?? "null";

    [HttpPost("raw")]
    public async Task<string> Raw(IIdempotencyContext idempotency)
    {
        runs.Next();
        using var body = new MemoryStream();
        await Request.Body.CopyToAsync(body);
        return $"{idempotency.IsRepeat} {body.Length}";
    }

    [HttpPost("large")]
    public ActionResult Large(IIdempotencyContext idempotency)
    {
        if (idempotency is { IsRepeat: true, Response: null })
            return idempotency.Replay();
        return Content(new string('x', 50));
    }

    [HttpPost("late")]
    public async Task Late(IIdempotencyContext idempotency)
    {
        await Response.WriteAsync(new string('x', 50));
        try
        {
            idempotency.Discard();
        }
        catch (InvalidOperationException exception) when (exception.Message.Contains("already on its way", StringComparison.Ordinal))
        {
            await Response.WriteAsync(" already on its way");
        }
    }

    private static string Previous(IIdempotencyContext idempotency)
    {
        if (idempotency.Response is not { } stored)
            return "nothing";
        return Encoding.UTF8.GetString(stored.Body.ToArray()).Split(' ')[0];
    }
}
