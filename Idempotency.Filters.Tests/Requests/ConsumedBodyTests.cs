using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Requests;

/// <summary>A body that something read before the filter cannot be compared, and that is never silent.</summary>
internal sealed class ConsumedBodyTests
{
    [Test]
    public async Task BodyThatMiddlewareConsumedIsWarnedOfOnceForEachEndpoint([Values] bool chunked)
    {
        await using var app = await StartAsync(ConsumeAsync);
        var counted = 0L;
        using var listener = new MeterListener();
        var factory = app.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, all) =>
        {
            if (instrument.Meter.Scope == factory && instrument.Name == "idempotency.request.bodies.unknown")
                all.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, measurement, _, _) => Interlocked.Add(ref counted, measurement));
        listener.Start();

        string[] answers =
        [
            await app.AnswerAsync("/pay", "a", Body("amount 1", chunked)),
            await app.AnswerAsync("/pay", "a", Body("amount 2", chunked)),
            await app.AnswerAsync("/pay", "b", Body("amount 3", chunked)),
            await app.AnswerAsync("/other", "c", Body("amount 4", chunked)),
        ];

        await app.FinishAsync();
        Assert.That(answers, Is.EqualTo(["200 1", "200 1 replayed", "200 2", "200 3"]));
        Assert.That(Warnings(app), Is.EqualTo(2));
        Assert.That(counted, Is.EqualTo(3));
    }

    [TestCase("HTTP/1.1", TestName = "Chunked body that is empty")]
    [TestCase("HTTP/2", TestName = "Body of HTTP/2 without a length that is empty")]
    public async Task BodyThatMayHaveBeenConsumedIsUnknownAndReplayed(string protocol)
    {
        await using var app = await StartAsync(_ => Task.CompletedTask, protocol);

        Assert.That(await SendAsync(app, protocol, Body("", chunked: true)), Is.EqualTo("1"));
        Assert.That(await SendAsync(app, protocol, Body("", chunked: true)), Is.EqualTo("1"));
        // Over HTTP/2 the server may know by then that nothing follows the headers.
        if (protocol == "HTTP/1.1")
            Assert.That(Warnings(app), Is.EqualTo(1));
    }

    [TestCase("HTTP/1.1")]
    [TestCase("HTTP/2")]
    public async Task RequestWithoutABodyIsKnownToBeEmpty(string protocol)
    {
        await using var app = await StartAsync(_ => Task.CompletedTask, protocol);

        Assert.That(await SendAsync(app, protocol, null), Is.EqualTo("1"));
        Assert.That(await SendAsync(app, protocol, new ByteArrayContent([])), Is.EqualTo("1"));
        Assert.That(await SendAsync(app, protocol, new ByteArrayContent([1])), Does.Contain("key-reused"));
        Assert.That(Warnings(app), Is.Zero);
    }

    [Test]
    public async Task ConsumedBodyNeverMatchesOneThatWasKnown()
    {
        var consumes = false;
        await using var app = await StartAsync(http => consumes ? ConsumeAsync(http) : Task.CompletedTask);
        await app.AnswerAsync("/pay", "k", Body("amount 1", chunked: false));

        consumes = true;

        Assert.That(await app.AnswerAsync("/pay", "k", Body("amount 1", chunked: false)), Is.EqualTo("422 key-reused"));
        Assert.That(Warnings(app), Is.EqualTo(1));
    }

    [Test]
    public async Task BodyThatMiddlewareOnlyLookedAtIsCompared()
    {
        await using var app = await StartAsync(async http =>
        {
            var seen = await http.Request.BodyReader.ReadAsync();
            http.Request.BodyReader.AdvanceTo(seen.Buffer.Start, seen.Buffer.End);
        });

        Assert.That(await app.AnswerAsync("/pay", "k", Body("amount 1", chunked: false)), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k", Body("amount 2", chunked: false)), Is.EqualTo("422 key-reused"));
        Assert.That(Warnings(app), Is.Zero);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task BodyOfWhichMiddlewareReadTheBeginningIsUnknownAndWarnedOf(bool throughThePipe)
    {
        await using var app = await StartAsync(async http =>
        {
            if (!throughThePipe)
            {
                await http.Request.Body.ReadExactlyAsync(new byte[8]);
                return;
            }

            var seen = await http.Request.BodyReader.ReadAtLeastAsync(8);
            http.Request.BodyReader.AdvanceTo(seen.Buffer.GetPosition(8));
        });

        Assert.That(await app.AnswerAsync("/pay", "k", Body("amount 1 of the same", chunked: false)), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k", Body("amount 2 of the same", chunked: false)), Is.EqualTo("200 1 replayed"));
        Assert.That(Warnings(app), Is.EqualTo(1));
    }

    [Test]
    public async Task BodyThatMiddlewareDecompressedIsCompared()
    {
        await using var app = await StartAsync(http =>
        {
            http.Request.Body = new GZipStream(http.Request.Body, CompressionMode.Decompress);
            return Task.CompletedTask;
        });

        // Compressed, so small a body is longer.
        Assert.That(await app.AnswerAsync("/pay", "k", Zipped("a")), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k", Zipped("a")), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/pay", "k", Zipped("b")), Is.EqualTo("422 key-reused"));
        Assert.That(Warnings(app), Is.Zero);
    }

    /// <summary>A proxy may send an empty body in chunks, and the next one without a body.</summary>
    [Test]
    public async Task EmptyBodyMatchesOneThatMayBeEmptyAndNoneThatWasConsumed()
    {
        var consumes = false;
        await using var app = await StartAsync(http => consumes ? ConsumeAsync(http) : Task.CompletedTask);
        await SendAsync(app, "HTTP/1.1", new ByteArrayContent([]));

        Assert.That(await SendAsync(app, "HTTP/1.1", new Streamed("", null)), Is.EqualTo("1"));
        consumes = true;
        Assert.That(await SendAsync(app, "HTTP/1.1", new ByteArrayContent([1])), Does.Contain("key-reused"));
    }

    private static Task ConsumeAsync(HttpContext http) => http.Request.Body.CopyToAsync(Stream.Null);

    private static Task<TestApp> StartAsync(Func<HttpContext, Task> before, string protocol = "HTTP/1.1") => TestApp.StartAsync(
        [],
        services =>
        {
            services.AddSingleton<Runs>();
            services.AddIdempotency();
        },
        app =>
        {
            app.Use(async (http, next) =>
            {
                await before(http);
                await next(http);
            });
            app.UseRouting();
            app.MapPost("/pay", (Runs runs) => runs.Next()).RequireIdempotency();
            app.MapPost("/other", (Runs runs) => runs.Next()).RequireIdempotency();
        },
        builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(
            endpoint => endpoint.Protocols = protocol == "HTTP/2" ? HttpProtocols.Http2 : HttpProtocols.Http1)));

    private static async Task<string> SendAsync(TestApp app, string protocol, HttpContent? content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/pay")
        {
            Content = content,
            Version = protocol == "HTTP/2" ? new Version(2, 0) : new Version(1, 1),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Add("Idempotency-Key", "k");
        if (content?.Headers.ContentLength is null)
            request.Headers.TransferEncodingChunked = content is not null && protocol == "HTTP/1.1" ? true : null;
        using var response = await app.Client.SendAsync(request).Soon();
        return await response.TextAsync();
    }

    private static HttpContent Body(string text, bool chunked) =>
        chunked ? new Streamed(text) : new StringContent(text, null, "text/plain");

    private static ByteArrayContent Zipped(string text)
    {
        var bytes = new MemoryStream();
        using (var zip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
            zip.Write(Encoding.UTF8.GetBytes(text));
        return new ByteArrayContent(bytes.ToArray());
    }

    private static int Warnings(TestApp app) => app.Logs.Lines.Count(line => line.Id.Id == 34 && line.Level is LogLevel.Warning);

    /// <summary>Content of a length that nobody knows beforehand.</summary>
    private sealed class Streamed : HttpContent
    {
        private readonly string _text;

        public Streamed(string text, string? mediaType = "text/plain")
        {
            _text = text;
            if (mediaType is not null)
                Headers.ContentType = new MediaTypeHeaderValue(mediaType) { CharSet = "utf-8" };
        }

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(_text));
            await stream.FlushAsync();
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
