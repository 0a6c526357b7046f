using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Requests;

/// <summary>What only a real server shows: a body that is replaced, breaks off, or is too large.</summary>
[NonParallelizable]
public class RequestFingerprintServerTests
{
    private static readonly byte[] Body = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7))];
    private static readonly byte[] Sha256OfBody = SHA256.HashData(Body);

    private static readonly TestCaseData<Func<HttpRequest, Task>>[] Readers =
    [
        new(request => request.BodyReader.CopyToAsync(Stream.Null)) { TestName = "BodyReader is hashed on Kestrel" },
        new(async request => request.BodyReader.AdvanceTo((await request.BodyReader.ReadAsync()).Buffer.GetPosition(1)))
        {
            TestName = "A BodyReader that stops early is drained on Kestrel",
        },
        new(request => request.BodyReader.ReadAtLeastAsync(10).AsTask())
        {
            TestName = "A BodyReader whose bytes are never given back is drained on Kestrel",
        },
        new(request => request.BodyReader.ReadAtLeastAsync(Body.Length + 1).AsTask())
        {
            TestName = "A BodyReader whose last bytes are never given back is hashed on Kestrel",
        },
        new(async request =>
        {
            await request.BodyReader.ReadAtLeastAsync(10);
            await request.BodyReader.CompleteAsync();
        }) { TestName = "A BodyReader that is completed early is drained on Kestrel" },
        new(request => request.Body.CopyToAsync(Stream.Null)) { TestName = "Body is hashed on Kestrel" },
        new(async request => { using var reader = new StreamReader(request.Body); await reader.ReadLineAsync(); })
        {
            TestName = "A Body that is partly read and closed is drained on Kestrel",
        },
        new(_ => Task.CompletedTask) { TestName = "An unread body is drained on Kestrel" },
        new(request => { request.EnableBuffering(); return request.Body.CopyToAsync(Stream.Null); })
        {
            TestName = "A body that the action buffers is hashed on Kestrel",
        },
        new(request =>
        {
            Assert.That(() => request.Body.Read(new byte[1]), Throws.InvalidOperationException);
            return Task.CompletedTask;
        }) { TestName = "The server's ban of synchronous reads stands, and spoils nothing" },
    ];

    [TestCaseSource(nameof(Readers))]
    public async Task EveryWayOfReadingGivesTheSameFingerprint(Func<HttpRequest, Task> read)
    {
        var made = new List<Fingerprint>();
        await using var server = await StartAsync(async context =>
        {
            using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, context.Request, default);
            await read(context.Request);
            made.Add(await Finish(fingerprint));
            Assert.That(fingerprint.ReadFailed, Is.False);
        });

        await PostAsync(server, new ByteArrayContent(Body));
        await PostAsync(server, new ByteArrayContent(Body), chunked: true);

        Assert.That(made, Has.Count.EqualTo(2));
        foreach (var fingerprint in made)
        {
            Assert.That(fingerprint.Form, Is.EqualTo(BodyForm.Bytes));
            Assert.That(fingerprint.Body.Matches(Sha256Digest.From(Sha256OfBody)), Is.True);
        }
    }

    [Test]
    public async Task TheBodyAndItsReaderWorkAfterDetach()
    {
        var read = 0L;
        await using var server = await StartAsync(async context =>
        {
            (await RequestFingerprint.AttachAsync(Hashing.Plain, context.Request, default)).Detach();
            var copy = new MemoryStream();
            await context.Request.BodyReader.CopyToAsync(copy);
            read = copy.Length;
        });

        await PostAsync(server, new ByteArrayContent(Body));

        Assert.That(read, Is.EqualTo(Body.Length));
    }

    [Test]
    public async Task ARequestWithoutABodyIsNotTouched()
    {
        Fingerprint made = default;
        await using var server = await StartAsync(async context =>
        {
            var body = context.Request.Body;
            using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, context.Request, default);
            Assert.That(context.Request.Body, Is.SameAs(body));
            made = await Finish(fingerprint);
        });

        await PostAsync(server, null);

        Assert.That(made.Form, Is.EqualTo(BodyForm.Empty));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task AnAbortedUploadIsAFailureOnlyWhileTheActionReadsIt(bool actionReads)
    {
        var begun = new TaskCompletionSource();
        var ended = new TaskCompletionSource<(bool ReadFailed, BodyForm Form)>();
        await using var server = await StartAsync(async context =>
        {
            using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, context.Request, default);
            begun.SetResult();
            try
            {
                if (actionReads)
                    await context.Request.Body.CopyToAsync(Stream.Null);
            }
            catch (Exception) when (actionReads)
            {
                // The action handled it.
            }

            var made = await Finish(fingerprint);
            ended.SetResult((fingerprint.ReadFailed, made.Form));
        });

        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
            await client.GetStream().WriteAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"u8.ToArray());
            await begun.Task;
        }

        Assert.That(await ended.Task, Is.EqualTo((actionReads, BodyForm.Unknown)));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task TheServersLimitIsAFailureOfTheReadAndTooLargeForARetry(bool chunked)
    {
        var answers = new List<object>();
        await using var server = await StartAsync(async context =>
        {
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = 1000;
            try
            {
                if (context.Request.Path == "/retry")
                    await Retry.FingerprintAsync(context.Request, BodyForm.Bytes, null, default);

                using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, context.Request, default);
                Assert.That(
                    async () => await context.Request.Body.CopyToAsync(Stream.Null),
                    Throws.InstanceOf<BadHttpRequestException>().With.Property("StatusCode").EqualTo(413));
                answers.Add((await Finish(fingerprint)).Form);
                answers.Add(fingerprint.ReadFailed);
            }
            catch (RequestBodyTooLargeException exception)
            {
                answers.Add(exception.InnerException is BadHttpRequestException);
            }
        });

        // Small enough to be sent before the server closes the connection because of the body.
        await PostAsync(server, new ByteArrayContent(Body[..2000]), chunked);
        await PostAsync(server, new ByteArrayContent(Body[..2000]), chunked, "/retry");

        Assert.That(answers, Is.EqualTo(new object[] { BodyForm.Unknown, true, true }));
    }

    [Test]
    public async Task AnUploadThatTheActionStreamsAndItsRetryAgree()
    {
        var made = new List<Fingerprint>();
        await using var server = await StartAsync(async context =>
        {
            if (context.Request.Path == "/retry")
            {
                made.Add(await Retry.FingerprintAsync(context.Request, made[0].Form, null, default));
                return;
            }

            using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, context.Request, default);
            Assert.That((await context.Request.ReadFormAsync()).Files[0].Length, Is.EqualTo(Body.Length));
            made.Add(await Finish(fingerprint));
        });

        static MultipartFormDataContent Upload(byte[] bytes) => new() { { new ByteArrayContent(bytes), "file", "name" } };
        await PostAsync(server, Upload(Body));
        await PostAsync(server, Upload(Body), path: "/retry");
        await PostAsync(server, Upload([.. Body[..^1], 0]), path: "/retry");

        Assert.That(made[0].Form, Is.EqualTo(BodyForm.Multipart));
        Assert.That(made[0].BodyMatches(made[1]), Is.True);
        Assert.That(made[0].BodyMatches(made[2]), Is.False);
    }

    [TestCase("application/octet-stream", true)]
    [TestCase("application/octet-stream", false)]
    [TestCase("multipart/form-data; boundary=e8a0c3", false)]
    public async Task ALargeUploadTakesNoMemory(string contentType, bool read)
    {
        const int Megabytes = 256;
        var piece = Body[..(1024 * 1024 / 8)];
        var allocated = 0L;
        await using var server = await StartAsync(async context =>
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, context.Request, default);
            if (read)
                await context.Request.Body.CopyToAsync(Stream.Null);
            var made = await Finish(fingerprint);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            Assert.That(made.Form, Is.Not.EqualTo(BodyForm.Unknown));
        });

        // No HttpClient: it would allocate in the same process.
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: {contentType}\r\n"
            + $"Content-Length: {Megabytes * 1024 * 1024}\r\n\r\n"));
        for (var i = 0; i < Megabytes * 8; i++)
            await stream.WriteAsync(piece);
        var answer = await new StreamReader(stream).ReadToEndAsync();

        Assert.That(answer, Does.StartWith("HTTP/1.1 200"));
        Assert.That(allocated, Is.LessThan(4 * 1024 * 1024));
    }

    private static ValueTask<Fingerprint> Finish(RequestFingerprint fingerprint) =>
        fingerprint.FinishAsync(TimeSpan.FromMinutes(1), TimeProvider.System, default);

    private static async Task PostAsync(Server server, HttpContent? content, bool chunked = false, string path = "/")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, path)) { Content = content };
        request.Headers.TransferEncodingChunked = chunked;
        using var client = new HttpClient();
        using var response = await client.SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    private static async Task<Server> StartAsync(RequestDelegate handler)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0);
            options.Limits.MaxRequestBodySize = null;
        });
        var app = builder.Build();
        app.Run(handler);
        await app.StartAsync();
        return new(app, new Uri(app.Urls.Single()));
    }

    private sealed record Server(WebApplication App, Uri Address) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => App.DisposeAsync();
    }
}
