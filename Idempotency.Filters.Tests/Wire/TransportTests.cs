using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Wire;

/// <summary>How bodies travel.</summary>
[NonParallelizable]
internal sealed class TransportTests
{
    [Test]
    public async Task ChunkedBodyIsProtectedAndChunkingIsNoPartOfTheRequest()
    {
        await using var app = await new Script().StartAsync<TransportController>();
        using var connection = new RawConnection(app.Address);

        var first = Exchange(connection, "/read", "k", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
        var retry = Exchange(connection, "/read", "k", "Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n");
        var whole = Exchange(connection, "/read", "k", "Content-Length: 11\r\n\r\nhello world");
        var other = Exchange(connection, "/read", "k", "Transfer-Encoding: chunked\r\n\r\n5\r\nHELLO\r\n6\r\n world\r\n0\r\n\r\n");

        Assert.That(first, Does.StartWith("HTTP/1.1 201").And.Not.Contain("Idempotent-Replayed"));
        Assert.That(retry, Does.StartWith("HTTP/1.1 201").And.Contain("Idempotent-Replayed: true"));
        Assert.That(whole, Does.StartWith("HTTP/1.1 201").And.Contain("Idempotent-Replayed: true"));
        Assert.That(other, Does.StartWith("HTTP/1.1 422"));
    }

    [Test]
    public async Task AnswerHasTheExactLengthAndIsNotChunked()
    {
        var script = new Script((_, _) => new ContentResult { Content = "twelve bytes" });
        await using var app = await script.StartAsync<TransportController>();
        using var connection = new RawConnection(app.Address);

        var first = Exchange(connection, "/read", "k", "Content-Length: 0\r\n\r\n");
        var retry = Exchange(connection, "/read", "k", "Content-Length: 0\r\n\r\n");

        foreach (var response in new[] { first, retry })
            Assert.That(response, Does.Contain("Content-Length: 12\r\n").And.Not.Contain("chunked").And.EndWith("\r\n\r\ntwelve bytes"));
    }

    [Test]
    public async Task ExpectContinueIsAnsweredWhenTheActionReads()
    {
        await using var app = await new Script().StartAsync<TransportController>();
        using var connection = new RawConnection(app.Address);
        connection.Send(Head("/read", "k") + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");

        Assert.That(connection.ReceiveText(), Is.EqualTo("HTTP/1.1 100 Continue\r\n\r\n"));
        connection.Send("hello");

        Assert.That(connection.ReceiveText(), Does.StartWith("HTTP/1.1 201"));
        Assert.That(Exchange(connection, "/read", "k", "Content-Length: 5\r\n\r\nhello"), Does.Contain("Idempotent-Replayed: true"));
    }

    [Test]
    public async Task ExpectContinueIsNotAnsweredWhenTheRequestIsRejected()
    {
        await using var app = await new Script().StartAsync<TransportController>();
        using var connection = new RawConnection(app.Address);

        connection.Send(Head("/read", "a,b") + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");

        Assert.That(connection.ReceiveText(), Does.StartWith("HTTP/1.1 400"));
    }

    [Test]
    public async Task ConnectionIsUsableAfterRejectionsWithUnreadBodies()
    {
        await using var app = await new Script().StartAsync<TransportController>();
        using var connection = new RawConnection(app.Address);
        Exchange(connection, "/read", "k", "Content-Length: 5\r\n\r\nfirst");

        var malformed = Exchange(connection, "/read", "a,b", "Content-Length: 5\r\n\r\nhello");
        var reused = Exchange(connection, "/read?other", "k", "Content-Length: 5\r\n\r\nfirst");
        var chunked = Exchange(connection, "/read?other", "k", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        var next = Exchange(connection, "/read", "next", "Content-Length: 5\r\n\r\nhello");

        Assert.That(malformed, Does.StartWith("HTTP/1.1 400"));
        Assert.That(reused, Does.StartWith("HTTP/1.1 422"));
        Assert.That(chunked, Does.StartWith("HTTP/1.1 422"));
        Assert.That(next, Does.StartWith("HTTP/1.1 201").And.EndWith("{\"run\":2}"));
    }

    [Test]
    public async Task ConnectionIsUsableAfterAnActionThatNeverReadItsBody()
    {
        await using var app = await new Script().StartAsync<TransportController>();
        using var connection = new RawConnection(app.Address);

        var first = Exchange(connection, "/unread", "k", "Content-Length: 5\r\n\r\nhello");
        var retry = Exchange(connection, "/unread", "k", "Content-Length: 5\r\n\r\nhello");
        var other = Exchange(connection, "/unread", "k", "Content-Length: 5\r\n\r\nHELLO");

        Assert.That(first, Does.StartWith("HTTP/1.1 201").And.EndWith("{\"run\":1}"));
        Assert.That(retry, Does.Contain("Idempotent-Replayed: true").And.EndWith("{\"run\":1}"));
        Assert.That(other, Does.StartWith("HTTP/1.1 422"));
    }

    [Test]
    public async Task PipelinedRetryReplays()
    {
        await using var app = await new Script().StartAsync<TransportController>();
        using var connection = new RawConnection(app.Address);
        var request = Head("/read", "k") + "Content-Length: 5\r\n\r\nhello";

        connection.Send(request + request + request.Replace("Host", "Connection: close\r\nHost", StringComparison.Ordinal));
        var all = "";
        for (var part = connection.ReceiveText(); part.Length > 0; part = connection.ReceiveText())
            all += part;

        Assert.That(all.Split("HTTP/1.1 201").Length - 1, Is.EqualTo(3));
        Assert.That(all.Split("Idempotent-Replayed: true").Length - 1, Is.EqualTo(2));
    }

    [Test]
    public async Task Http2RetryReplaysAndReuseIsRefused()
    {
        var script = new Script();
        await using var app = await StartHttp2Async(script);

        using var first = await SendHttp2Async(app, "k", new StringContent("hello"));
        using var retry = await SendHttp2Async(app, "k", new StringContent("hello"));
        using var other = await SendHttp2Async(app, "k", new StringContent("HELLO"));
        using var malformed = await SendHttp2Async(app, "a,b", new StringContent("hello"));

        Assert.That(first.Version, Is.EqualTo(HttpVersion.Version20));
        await first.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
        await other.IsProblemAsync(422, "key-reused");
        await malformed.IsProblemAsync(400, "key-malformed");
    }

    [Test]
    public async Task Http2StreamThatIsResetMidActionStillStores()
    {
        var (entered, left, gone) = (new Signal(), new Signal(), new Signal());
        var store = new FaultyStore();
        var script = new Script(async (http, run) =>
        {
            entered.Fire();
            await gone.WaitAsync();
            http.RequestAborted.ThrowIfCancellationRequested();
            return Script.Answer(run);
        });
        await using var app = await StartHttp2Async(script, store, left);
        using var leaving = new CancellationTokenSource();
        var first = SendHttp2Async(app, "k", new StringContent("hello"), leaving.Token);
        await entered.WaitAsync();
        await leaving.CancelAsync();
        Assert.CatchAsync<OperationCanceledException>(() => first);
        await left.WaitAsync();
        gone.Fire();
        await Waiting.UntilAsync(() => store.Released == 1);

        using var retry = await SendHttp2Async(app, "k", new StringContent("hello"));

        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task BodyThatNeverComesDoesNotHoldTheAnswerBack()
    {
        var clock = new FakeTimeProvider();
        await using var app = await new Script().StartAsync<TransportController>(clock: clock);
        using var connection = new RawConnection(app.Address);
        connection.Send(Head("/unread", "k") + "Content-Length: 10\r\n\r\nabc");

        var receiving = Task.Run(connection.ReceiveText);
        await Waiting.UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return receiving.IsCompleted;
        });

        Assert.That(await receiving, Does.StartWith("HTTP/1.1 201"));
        using var retry = await app.PostAsync("/unread", "k");
        await retry.IsReplayOfAsync(1);
    }

    [TestCase("Content-Length: 40\r\n\r\n")]
    [TestCase("Transfer-Encoding: chunked\r\n\r\n28\r\n0123456789012345678901234567890123456789\r\n0\r\n\r\n")]
    public async Task UnreadBodyBeyondTheServersLimitDoesNotSpoilTheAnswer(string rest)
    {
        await using var app = await StartLimitedAsync(new Script());
        using var connection = new RawConnection(app.Address);

        var first = Exchange(connection, "/unread", "k", rest);
        using var retry = await app.PostAsync("/unread", "k");

        Assert.That(first, Does.StartWith("HTTP/1.1 201"));
        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task BodyBeyondTheServersLimitIsNotKept()
    {
        await using var app = await StartLimitedAsync(new Script());

        using var first = await app.PostAsync("/read", "k", new StringContent(new string('x', 40)));
        using var corrected = await app.PostAsync("/read", "k", new StringContent("short"));
        using var other = await app.PostAsync("/read", "k", new StringContent(new string('x', 40)));

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
        await corrected.IsRunAsync(1);
        await other.IsProblemAsync(413, "body-too-large");
    }

    [Test]
    public async Task StreamedUploadTakesNoMemoryAndNoFile()
    {
        const long Size = 256L * 1024 * 1024;
        var files = TemporaryFiles();
        var peak = 0L;
        var script = new Script(async (http, run) =>
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var buffer = new byte[64 * 1024];
            for (long total = 0, read; (read = await http.Request.Body.ReadAsync(buffer)) > 0; total += read)
            {
                if (total / (16 * 1024 * 1024) != (total + read) / (16 * 1024 * 1024))
                    peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true) - before);
            }

            return Script.Answer(run);
        });
        await using var app = await script.StartAsync<TransportController>(
            server: builder => builder.WebHost.ConfigureKestrel(o => o.Limits.MaxRequestBodySize = null));

        using var first = await app.PostAsync("/stream", "k", new StreamContent(new Zeros(Size)));
        using var retry = await app.PostAsync("/stream", "k", new StreamContent(new Zeros(Size)));
        using var other = await app.PostAsync("/stream", "k", new StreamContent(new Zeros(Size - 1)));

        await first.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
        await other.IsProblemAsync(422, "key-reused");
        Assert.That(peak, Is.LessThan(16 * 1024 * 1024));
        Assert.That(TemporaryFiles(), Is.SubsetOf(files));
    }

    private static string[] TemporaryFiles() =>
        Directory.GetFiles(Environment.GetEnvironmentVariable("ASPNETCORE_TEMP") ?? Path.GetTempPath(), "ASPNETCORE_*");

    private static string Head(string path, string key) => $"POST {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: {key}\r\n";

    private static string Exchange(RawConnection connection, string path, string key, string rest)
    {
        connection.Send(Head(path, key) + rest);
        return connection.ReceiveText();
    }

    private static Task<TestApp> StartLimitedAsync(Script script) => script.StartAsync<TransportController>(
        server: builder => builder.WebHost.ConfigureKestrel(o => o.Limits.MaxRequestBodySize = 30));

    private static Task<TestApp> StartHttp2Async(Script script, FaultyStore? store = null, Signal? left = null) =>
        script.StartAsync<TransportController>(
            store: store,
            pipeline: app => app.Use((http, next) =>
            {
                if (left is not null)
                    http.RequestAborted.Register(left.Fire);
                return next(http);
            }),
            server: builder => builder.WebHost.ConfigureKestrel(o => o.ConfigureEndpointDefaults(e => e.Protocols = HttpProtocols.Http2)));

    private static Task<HttpResponseMessage> SendHttp2Async(
        TestApp app, string key, HttpContent content, CancellationToken cancellationToken = default) =>
        app.Client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/read")
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = content,
                Headers = { { "Idempotency-Key", key } },
            },
            cancellationToken);

    private sealed class Zeros(long length) : Stream
    {
        private long _left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, _left);
            _left -= read;
            buffer.AsSpan(offset, read).Clear();
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

[ApiController]
public sealed class TransportController(Script script) : ControllerBase
{
    [HttpPost("read"), Idempotent]
    public async Task<IActionResult> Read()
    {
        await Request.Body.CopyToAsync(Stream.Null);
        return await script.RunAsync(HttpContext);
    }

    [HttpPost("unread"), HttpPost("stream"), Idempotent]
    public Task<IActionResult> Unread() => script.RunAsync(HttpContext);
}
