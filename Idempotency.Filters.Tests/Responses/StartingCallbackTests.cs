using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>
/// Callbacks of <c>OnStarting</c> that the handler registers belong to its answer: what they set is kept, and what they fail to do is not.
/// </summary>
[TestFixture(ServerKind.Http1)]
[TestFixture(ServerKind.Http2)]
[TestFixture(ServerKind.TestServer)]
[TestFixture(ServerKind.Buffered)]
[TestFixture(ServerKind.Compressed)]
internal sealed class StartingCallbackTests(ServerKind kind)
{
    private const int Cap = 100_000;

    private readonly Runs _runs = new();
    private ServerTwin _twin = null!;

    [OneTimeSetUp]
    public async Task Start() => _twin = await ServerTwin.StartAsync(
        kind,
        Map,
        options =>
        {
            options.MaxResponseBodySize = Cap;
            options.ShouldStore = response =>
                response.HttpContext.Response.StatusCode < 500
                && (response.HttpContext.Request.Path != "/json-late" || response.HttpContext.Response.ContentType == "application/json");
        });

    [OneTimeTearDown]
    public async Task Stop() => await _twin.DisposeAsync();

    [TestCase("content-type")]
    [TestCase("order")]
    [TestCase("status")]
    [TestCase("empty")]
    [TestCase("removed")]
    public async Task WhatACallbackSetsIsReplayed(string path)
    {
        var (bare, first, retry) = await _twin.AskAsync(path);

        Twin.AssertUntouchedAndReplayed(bare, first, retry);
    }

    [Test]
    public async Task CallbackThatACallbackRegistersRunsToo()
    {
        var (_, first, retry) = await _twin.AskAsync("nested");

        Assert.That(first.Header("X-Order"), Is.EqualTo("inner | nested | outer"));
        Assert.That(retry.Whole(), Is.EqualTo(first.Whole()));
    }

    [TestCase("commit-fails")]
    [TestCase("commit-fails-late")]
    public async Task CallbackThatFailsMakesTheRunFailAndFreesTheKey(string path)
    {
        var before = _runs.Count;
        var first = await _twin.AskCoveredAsync(path);
        var retry = await _twin.AskCoveredAsync(path);

        Assert.That((first.Status, first.Body), Is.EqualTo((500, "The commit failed.")));
        Assert.That((retry.Status, retry.IsReplay, _runs.Count - before), Is.EqualTo((500, false, 2)));
    }

    [Test]
    public async Task CallbackThatFailsWhileTheResponseOverflowsFreesTheKey([Values("large-fails", "large-fails-unseen")] string path)
    {
        var before = _runs.Count;
        var first = await _twin.AskCoveredAsync(path);
        var retry = await _twin.AskCoveredAsync(path);

        Assert.That((first.Status, first.Body), Is.EqualTo((500, "The commit failed.")));
        Assert.That((retry.Status, _runs.Count - before), Is.EqualTo((500, 2)));
    }

    [Test]
    public async Task WhatACallbackSetsDecidesWhetherToKeep()
    {
        var (_, first, retry) = await _twin.AskAsync("json-late");

        Assert.That((first.Header("Content-Type"), retry.IsReplay), Is.EqualTo(("application/json", true)));
    }

    [Test]
    public async Task CallbackThatMakesTheAnswerOneNotToKeepIsObeyed()
    {
        var first = await _twin.AskCoveredAsync("unavailable");
        var retry = await _twin.AskCoveredAsync("unavailable");

        Assert.That((first.Status, retry.Status, retry.IsReplay), Is.EqualTo((503, 503, false)));
        Assert.That(first.Header("X-Calls"), Is.EqualTo("1"), "Each callback runs once.");
    }

    [Test]
    public async Task CallbacksOfAFailedHandlerRunOnTheServer()
    {
        var (bare, first, _) = await _twin.AskAsync("fails");

        Assert.That(first.Content(), Is.EqualTo(bare.Content()));
        Assert.That(first.Header("X-Calls"), Is.EqualTo("1"));
    }

    private void Map(RouteGroupBuilder app)
    {
        app.MapPost("content-type", http =>
        {
            http.Response.OnStarting(() =>
            {
                http.Response.ContentType += "; v=1.0";
                return Task.CompletedTask;
            });
            http.Response.ContentType = "text/plain";
            return http.Response.WriteAsync("text");
        });
        app.MapPost("order", http =>
        {
            foreach (var name in new[] { "a", "b", "c" })
                http.Response.OnStarting(() => AppendAsync(http, name));
            return http.Response.WriteAsync("text");
        });
        app.MapPost("nested", http =>
        {
            http.Response.OnStarting(() => AppendAsync(http, "outer"));
            http.Response.OnStarting(() =>
            {
                http.Response.OnStarting(() => AppendAsync(http, "nested"));
                return AppendAsync(http, "inner");
            });
            return http.Response.WriteAsync("text");
        });
        app.MapPost("status", http =>
        {
            http.Response.OnStarting(() =>
            {
                http.Response.StatusCode = StatusCodes.Status202Accepted;
                return Task.CompletedTask;
            });
            return http.Response.WriteAsync("text");
        });
        app.MapPost("empty", http =>
        {
            http.Response.OnStarting(() => AppendAsync(http, "a"));
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        });
        app.MapPost("removed", http =>
        {
            http.Response.Headers["X-Gone"] = "1";
            http.Response.OnStarting(() =>
            {
                http.Response.Headers.Remove("X-Gone");
                return Task.CompletedTask;
            });
            return http.Response.WriteAsync("text");
        });
        app.MapPost("commit-fails", http =>
        {
            _runs.Next();
            http.Response.OnStarting(() => throw new InvalidOperationException("The commit failed."));
            return http.Response.WriteAsync("done");
        });
        app.MapPost("commit-fails-late", http =>
        {
            _runs.Next();
            http.Response.OnStarting(async () =>
            {
                await Task.Yield();
                throw new InvalidOperationException("The commit failed.");
            });
            return http.Response.WriteAsync("done");
        });
        app.MapPost("large-fails", async http =>
        {
            _runs.Next();
            http.Response.OnStarting(() => throw new InvalidOperationException("The commit failed."));
            await http.Response.WriteAsync(new string('x', Cap + 1));
        });
        app.MapPost("large-fails-unseen", async http =>
        {
            _runs.Next();
            http.Response.OnStarting(() => throw new InvalidOperationException("The commit failed."));
            try
            {
                await http.Response.WriteAsync(new string('x', Cap + 1));
            }
            catch (InvalidOperationException)
            {
                await http.Response.WriteAsync("done");
            }
        });
        app.MapPost("json-late", http =>
        {
            http.Response.OnStarting(() =>
            {
                http.Response.ContentType = "application/json";
                return Task.CompletedTask;
            });
            return http.Response.WriteAsync("{}");
        });
        app.MapPost("unavailable", http =>
        {
            CountCalls(http);
            http.Response.OnStarting(() =>
            {
                http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return Task.CompletedTask;
            });
            return http.Response.WriteAsync("text");
        });
        app.MapPost("fails", http =>
        {
            CountCalls(http);
            throw new InvalidOperationException("failed");
        });
    }

    private static Task AppendAsync(HttpContext http, string name)
    {
        http.Response.Headers.Append("X-Order", name);
        return Task.CompletedTask;
    }

    private static void CountCalls(HttpContext http)
    {
        var calls = 0;
        http.Response.OnStarting(() =>
        {
            http.Response.Headers["X-Calls"] = $"{++calls}";
            return Task.CompletedTask;
        });
    }
}
