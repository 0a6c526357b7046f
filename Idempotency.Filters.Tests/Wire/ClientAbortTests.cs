using System.Net;
using System.Net.Http.Json;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Tests.Wire;

/// <summary>Clients that vanish at every moment of a request.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ClientAbortTests
{
    private readonly Signal _entered = new();
    private readonly Signal _left = new();
    private readonly Signal _gone = new();

    [Test]
    public async Task AbortWhileTheActionReadsStoresNothingAndFreesTheKey(
        [Values("/raw", "/bound", "/form", "/careless")] string path, [Values] FailureBehavior whenFailed)
    {
        var store = new FaultyStore { OnClaim = Entered };
        var script = new Script();
        await using var app = await StartAsync(script, store, o => o.WhenFailed = whenFailed);
        await AbortAsync(app, path, Announced(path));
        await Waiting.UntilAsync(() => store.Released == 1);

        using var retry = await app.PostAsync(path, "k", Content(path));

        await retry.IsRunAsync(script.Runs);
        Assert.That(store.Records, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task AbortOfABodyThatTheActionDidNotWantIsKept()
    {
        var store = new FaultyStore();
        var script = new Script((_, run) =>
        {
            _entered.Fire();
            return Script.Answer(run);
        });
        await using var app = await StartAsync(script, store);
        await AbortAsync(app, "/unread", "Content-Type: text/plain\r\nContent-Length: 10\r\n\r\nabc");
        await Waiting.UntilAsync(() => store.Records.Count == 1 && store.Released == 1);

        using var retry = await app.PostAsync("/unread", "k", new StringContent("whatever"));

        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task ClientAbortStillStores()
    {
        var store = new FaultyStore();
        CancellationToken aborted = default;
        var script = new Script(async (http, run) =>
        {
            aborted = http.RequestAborted;
            _entered.Fire();
            await _gone.WaitAsync();
            aborted.ThrowIfCancellationRequested();
            return Script.Answer(run);
        });
        await using var app = await StartAsync(script, store);
        await AbortAsync(app, "/unread", "Content-Length: 0\r\n\r\n");
        await _left.WaitAsync();
        _gone.Fire();
        await Waiting.UntilAsync(() => store.Released == 1);

        using var retry = await app.PostAsync("/unread", "k");

        Assert.That(aborted.IsCancellationRequested, Is.False);
        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task RequestAbortedIsTheServersAgainAfterTheAction()
    {
        (object? Before, object? After) lifetimes = default;
        await using var app = await new Script().StartAsync<ClientAbortController>(pipeline: pipeline => pipeline.Use(async (http, next) =>
        {
            lifetimes.Before = http.Features.Get<IHttpRequestLifetimeFeature>();
            http.Response.OnCompleted(() =>
            {
                _gone.Fire();
                return Task.CompletedTask;
            });
            await next(http);
            lifetimes.After = http.Features.Get<IHttpRequestLifetimeFeature>();
        }));

        using var response = await app.PostAsync("/unread", "k");

        await _gone.WaitAsync();
        Assert.That(lifetimes.After, Is.Not.Null.And.SameAs(lifetimes.Before));
    }

    [Test]
    public async Task AbortMidResponseStillGivesTheRetryAllOfIt()
    {
        var large = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i:D8}"));
        var store = new FaultyStore();
        var script = new Script((_, _) => new ContentResult { Content = large });
        await using var app = await script.StartAsync<ClientAbortController>(store: store);
        using (var connection = new RawConnection(app.Address))
        {
            connection.Send("POST /unread HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nContent-Length: 0\r\n\r\n");
            await Waiting.UntilAsync(() => store.Completed == 1);
            connection.Abort();
        }

        using var retry = await app.PostAsync("/unread", "k");

        Assert.That(retry.IsReplay(), Is.True);
        Assert.That(await retry.TextAsync(), Is.EqualTo(large));
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task AbortOfAStreamedResponseIsNotRunAgain()
    {
        var store = new FaultyStore();
        var script = new Script(async (http, _) =>
        {
            http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
            await http.Response.WriteAsync("first");
            await http.Response.Body.FlushAsync();
            _entered.Fire();
            await _gone.WaitAsync();
            await http.Response.WriteAsync("second");
            return new EmptyResult();
        });
        await using var app = await StartAsync(script, store);
        await AbortAsync(app, "/unread", "Content-Length: 0\r\n\r\n");
        await _left.WaitAsync();
        _gone.Fire();
        await Waiting.UntilAsync(() => store.Released == 1);

        using var retry = await app.PostAsync("/unread", "k");

        await retry.IsProblemAsync(409, "not-replayable");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task AppThatAbortsTheRequestItselfFreesTheKey()
    {
        var script = new Script((http, run) =>
        {
            if (run == 1)
                http.Abort();
            return Script.Answer(run);
        });
        await using var app = await script.StartAsync<ClientAbortController>();
        Assert.ThrowsAsync<HttpRequestException>(() => app.PostAsync("/unread", "k"));

        // The client sees the connection end before the application has released the key.
        var retry = await app.PostAsync("/unread", "k");
        await Waiting.UntilAsync(async () =>
        {
            if (retry.StatusCode != HttpStatusCode.Conflict)
                return true;

            retry.Dispose();
            retry = await app.PostAsync("/unread", "k");
            return false;
        });

        await retry.IsRunAsync(2);
        retry.Dispose();
    }

    private static string Announced(string path) => path switch
    {
        "/bound" => "Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"a\":",
        "/form" => "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\na=1&b",
        _ => "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    };

    private static HttpContent Content(string path) => path switch
    {
        "/bound" => JsonContent.Create(new { a = 1 }),
        "/form" => new FormUrlEncodedContent([new("a", "1")]),
        _ => new StringContent("hello"),
    };

    /// <summary>Starts an application that signals when a client has left. The server notices that, but the action must not.</summary>
    private Task<TestApp> StartAsync(
        Script script, FaultyStore store, Action<IdempotencyOptions>? options = null) => script.StartAsync<ClientAbortController>(
        options,
        store: store,
        pipeline: app => app.Use((http, next) =>
        {
            http.RequestAborted.Register(_left.Fire);
            return next(http);
        }));

    private async Task AbortAsync(TestApp app, string path, string rest)
    {
        using var connection = new RawConnection(app.Address);
        connection.Send($"POST {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\n{rest}");
        await _entered.WaitAsync();
        connection.Abort();
    }

    private ClaimResult? Entered()
    {
        _entered.Fire();
        return null;
    }
}

[ApiController]
public sealed class ClientAbortController(Script script) : ControllerBase
{
    [HttpPost("raw"), Idempotent]
    public async Task<IActionResult> Raw()
    {
        await Request.Body.CopyToAsync(Stream.Null);
        return await script.RunAsync(HttpContext);
    }

    [HttpPost("careless"), Idempotent]
    public async Task<IActionResult> Careless()
    {
        try
        {
            await Request.Body.CopyToAsync(Stream.Null);
        }
        catch (Exception exception) when (exception is IOException or BadHttpRequestException)
        {
            // Like an action that takes the part it got for the whole body.
        }

        return await script.RunAsync(HttpContext);
    }

    [HttpPost("bound"), Idempotent]
    public Task<IActionResult> Bound(Dictionary<string, int> body) =>
        body.Count == 0 ? throw new InvalidOperationException() : script.RunAsync(HttpContext);

    [HttpPost("form"), Idempotent]
    public async Task<IActionResult> Form()
    {
        await Request.ReadFormAsync();
        return await script.RunAsync(HttpContext);
    }

    [HttpPost("unread"), Idempotent]
    public Task<IActionResult> Unread() => script.RunAsync(HttpContext);
}
