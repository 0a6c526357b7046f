using System.Net;
using System.Net.ServerSentEvents;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Wire;

/// <summary>Clients that leave while a response streams: the client of a stream takes the run with it, any other does not.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class StreamAbortTests
{
    private const int Cap = 1000;

    private readonly FaultyStore _store = new();
    private readonly Signal _entered = new();
    private readonly Signal _left = new();
    private readonly Signal _gone = new();
    private CancellationToken _outside;
    private bool _fired;

    [Test]
    public async Task EventsLeaveAtOnce(
        [Values("text/event-stream", "Text/Event-Stream; charset=utf-8", " text/event-stream ;x=1")] string contentType)
    {
        await using var app = await StartAsync(async http =>
        {
            http.Response.ContentType = contentType;
            await http.Response.WriteAsync("data: first\n\n");
            await http.Response.Body.FlushAsync();
            await _gone.WaitAsync();
            await http.Response.WriteAsync("data: last\n\n");
        });
        using var response = await app.Client.SendAsync(Post(), HttpCompletionOption.ResponseHeadersRead).Soon();
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.That(await reader.ReadLineAsync().Soon(), Is.EqualTo("data: first"));
        _gone.Fire();
        Assert.That(await reader.ReadToEndAsync().Soon(), Is.EqualTo("\ndata: last\n\n"));
    }

    [Test]
    public async Task TypeThatOnlyBeginsLikeAnEventStreamIsHeld()
    {
        await using var app = await StartAsync(async http =>
        {
            http.Response.ContentType = "text/event-stream-log";
            await http.Response.WriteAsync("text");
        });

        using var first = await app.PostAsync("/stream", "k");
        using var retry = await app.PostAsync("/stream", "k");

        Assert.That((retry.IsReplay(), await retry.TextAsync()), Is.EqualTo((true, "text")));
    }

    [TestCase("events")]
    [TestCase("unbuffered")]
    [TestCase("unbuffered-late")]
    [TestCase("token-first")]
    public async Task ClientThatLeavesADeclaredStreamEndsTheRun(string way)
    {
        await using var app = await StartAsync(async http =>
        {
            var token = way == "token-first" ? http.RequestAborted : default;
            if (way is "events" or "token-first")
                http.Response.ContentType = "text/event-stream";
            if (way == "unbuffered")
                Body(http).DisableBuffering();
            await http.Response.WriteAsync(new string('x', way == "unbuffered-late" ? Cap + 1 : 10));
            await http.Response.Body.FlushAsync();
            if (way == "unbuffered-late")
                Body(http).DisableBuffering();
            _entered.Fire();
            await UntilFiredAsync(token == default ? http.RequestAborted : token);
        });

        await LeaveAsync(app);
        await Waiting.UntilAsync(() => _store.Released == 1);

        Assert.That(_fired);
        using var retry = await app.PostAsync("/stream", "k");
        await retry.IsProblemAsync(409, "not-replayable");
    }

    [TestCase("held")]
    [TestCase("overflowed")]
    public async Task RunThatDeclaredNoStreamGoesToItsEnd(string way)
    {
        await using var app = await StartAsync(async http =>
        {
            var token = http.RequestAborted;
            await http.Response.WriteAsync(new string('x', way == "held" ? 10 : Cap + 1));
            await http.Response.Body.FlushAsync();
            _entered.Fire();
            await _gone.WaitAsync();
            _fired = token.IsCancellationRequested || http.RequestAborted.IsCancellationRequested;
        });

        await LeaveAsync(app);
        await _left.WaitAsync();
        _gone.Fire();
        await Waiting.UntilAsync(() => _store.Released == 1);

        Assert.That(_fired, Is.False);
        Assert.That(_store.Completed, Is.EqualTo(1));
    }

    [Test]
    public async Task ClientThatLeavesWhileTheRestOfAResultIsWrittenEndsTheWriting()
    {
        await using var app = await StartAsync(
            _ => Task.CompletedTask,
            endpoints: app => app.MapPost("/result", (HttpContext http) => TypedResults.Stream(async stream =>
            {
                await stream.WriteAsync(new byte[Cap + 1]);
                await stream.FlushAsync();
                _entered.Fire();
                await UntilFiredAsync(http.RequestAborted);
            })).RequireIdempotency());

        await LeaveAsync(app, "/result");
        await Waiting.UntilAsync(() => _store.Released == 1);

        Assert.That(_fired);
    }

    [Test]
    public async Task ClientThatLeavesAServerSentEventsResultEndsIt()
    {
        await using var app = await StartAsync(
            _ => Task.CompletedTask,
            endpoints: app => app.MapPost(
                "/result", (CancellationToken token) => TypedResults.ServerSentEvents(EventsAsync(token))).RequireIdempotency());

        await LeaveAsync(app, "/result");
        await Waiting.UntilAsync(() => _store.Released == 1);

        Assert.That(_fired);
    }

    [TestCase(200, true)]
    [TestCase(503, false)]
    public async Task UnitOfWorkOutsideIsNotCancelledByTheLeavingOfAClientWhoseAnswerIsKept(int status, bool isKept)
    {
        var done = new Signal();
        await using var app = await StartAsync(
            async http =>
            {
                http.Response.StatusCode = status;
                _entered.Fire();
                await _gone.WaitAsync();
            },
            outside: (http, next) => CommitAsync(http, next, done));

        await LeaveAsync(app);
        await _left.WaitAsync();
        _gone.Fire();
        await done.WaitAsync();

        Assert.That(_outside.IsCancellationRequested, Is.EqualTo(!isKept));
        Assert.That(_outside.CanBeCanceled, Is.EqualTo(!isKept));
    }

    [Test]
    public async Task NextRequestOfTheConnectionHasATokenOfItsOwn()
    {
        var tokens = new List<bool>();
        await using var app = await StartAsync(
            _ => Task.CompletedTask,
            outside: (http, next) =>
            {
                tokens.Add(http.RequestAborted.CanBeCanceled);
                return next(http);
            });

        using var first = await app.PostAsync("/stream", "k");
        using var second = await app.PostAsync("/stream", "k2");

        Assert.That(tokens, Is.EqualTo([true, true]));
    }

    [Test]
    public async Task Http2StreamThatTheAppResetsFreesTheKey()
    {
        var runs = new Runs();
        await using var app = await StartAsync(
            async http =>
            {
                await http.Response.WriteAsync("part");
                if (runs.Next() == 1)
                    http.Features.GetRequiredFeature<IHttpResetFeature>().Reset(errorCode: 2);
            },
            protocol: HttpProtocols.Http2);

        Assert.CatchAsync<HttpRequestException>(() => app.Client.SendAsync(Post(HttpVersion.Version20)));
        await Waiting.UntilAsync(() => _store.Released == 1);
        using var retry = await app.Client.SendAsync(Post(HttpVersion.Version20));

        Assert.That((await retry.TextAsync(), retry.IsReplay(), runs.Count), Is.EqualTo(("part", false, 2)));
    }

    private static IHttpResponseBodyFeature Body(HttpContext http) => http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();

    private static HttpRequestMessage Post(Version? version = null) => new(HttpMethod.Post, "/stream")
    {
        Headers = { { "Idempotency-Key", "k" } },
        Version = version ?? HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private async Task UntilFiredAsync(CancellationToken token)
    {
        var fired = new Signal();
        await using var registration = token.Register(fired.Fire);
        await fired.WaitAsync();
        _fired = true;
        token.ThrowIfCancellationRequested();
    }

    private async IAsyncEnumerable<SseItem<string>> EventsAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token)
    {
        yield return new SseItem<string>("first");
        _entered.Fire();
        await UntilFiredAsync(token);
    }

    private async Task CommitAsync(HttpContext http, RequestDelegate next, Signal done)
    {
        await next(http);
        _outside = http.RequestAborted;
        done.Fire();
    }

    private Task<TestApp> StartAsync(
        RequestDelegate handler,
        Action<WebApplication>? endpoints = null,
        Func<HttpContext, RequestDelegate, Task>? outside = null,
        HttpProtocols protocol = HttpProtocols.Http1) => TestApp.StartAsync(
        [],
        services => services.AddIdempotency(options => options.MaxResponseBodySize = Cap).UseStore((_, _) => _store),
        app =>
        {
            app.Use((http, next) =>
            {
                http.RequestAborted.Register(_left.Fire);
                return next(http);
            });
            if (outside is not null)
                app.Use(outside);
            app.MapPost("/stream", handler).RequireIdempotency();
            endpoints?.Invoke(app);
        },
        builder => builder.WebHost.ConfigureKestrel(o => o.ConfigureEndpointDefaults(e => e.Protocols = protocol)));

    private async Task LeaveAsync(TestApp app, string path = "/stream")
    {
        using var connection = new RawConnection(app.Address);
        connection.Send($"POST {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nContent-Length: 0\r\n\r\n");
        await _entered.WaitAsync();
        connection.Abort();
    }
}
