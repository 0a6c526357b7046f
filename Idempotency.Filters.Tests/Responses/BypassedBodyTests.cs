using System.IO.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>
/// A service that took the body before the run writes around the capture. Nobody has the whole answer then, and a replay of the rest
/// would be a lie.
/// </summary>
[TestFixture(ServerKind.Http1)]
[TestFixture(ServerKind.Http2)]
[TestFixture(ServerKind.TestServer)]
[TestFixture(ServerKind.Buffered)]
internal sealed class BypassedBodyTests(ServerKind kind)
{
    private readonly Runs _runs = new();
    private ServerTwin _twin = null!;

    [OneTimeSetUp]
    public async Task Start() => _twin = await ServerTwin.StartAsync(kind, Map, middleware: TakeBodyAsync);

    [OneTimeTearDown]
    public async Task Stop() => await _twin.DisposeAsync();

    [TestCase("stream")]
    [TestCase("writer")]
    [TestCase("unflushed")]
    [TestCase("both")]
    [TestCase("declared")]
    public async Task AnswerOfWhichAPartWentAroundTheCaptureIsDeliveredAndNeverReplayed(string path)
    {
        var before = _runs.Count;
        var (bare, first, retry) = await _twin.AskAsync(path);

        Assert.That(first.Content(), Is.EqualTo(bare.Content()));
        Assert.That((retry.Status, retry.Code, _runs.Count - before), Is.EqualTo((409, "not-replayable", 2)));
        Assert.That(_twin.Logs.Lines.Any(line => line.Id == 13 && line.Message.Contains("directly", StringComparison.Ordinal)));
    }

    [Test]
    public async Task BytesThatMiddlewareWroteBeforeAreNoneOfTheRun()
    {
        var (bare, first, retry) = await _twin.AskAsync("written-before");

        Assert.That(first.Content(), Is.EqualTo(bare.Content()));
        Assert.That(retry.Whole(), Is.EqualTo(first.Whole()));
        Assert.That(retry.IsReplay);
    }

    private void Map(RouteGroupBuilder app)
    {
        Map(app, "stream", async (stream, _, _) => await stream.WriteAsync("around"u8.ToArray()));
        Map(app, "writer", async (_, writer, _) => await writer.WriteAsync("around"u8.ToArray()));
        Map(app, "unflushed", (_, writer, _) =>
        {
            "around"u8.CopyTo(writer.GetSpan(6));
            writer.Advance(6);
            return Task.CompletedTask;
        });
        Map(app, "declared", async (stream, _, http) =>
        {
            http.Response.ContentLength = kind is ServerKind.Buffered ? null : 6;
            await stream.WriteAsync("around"u8.ToArray());
        });
        Map(app, "both", async (stream, _, http) =>
        {
            await stream.WriteAsync("around"u8.ToArray());
            await http.Response.WriteAsync("through");
        });
        app.MapPost("written-before", http => http.Response.WriteAsync("text"));
    }

    private void Map(RouteGroupBuilder app, string path, Func<Stream, PipeWriter, HttpContext, Task> act) => app.MapPost(path, http =>
    {
        _runs.Next();
        return act((Stream)http.Items["stream"]!, (PipeWriter)http.Items["writer"]!, http);
    });

    private static Task TakeBodyAsync(HttpContext http, RequestDelegate next)
    {
        http.Items["stream"] = http.Response.Body;
        http.Items["writer"] = http.Response.BodyWriter;
        if (http.Request.Path == "/written-before")
        {
            "before "u8.CopyTo(http.Response.BodyWriter.GetSpan(7));
            http.Response.BodyWriter.Advance(7);
        }

        return next(http);
    }
}
