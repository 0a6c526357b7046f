using System.Text;
using Microsoft.AspNetCore.Http;

namespace Idempotency.Filters.Tests.Transactions;

/// <summary>No transaction waits for a client: the body is there before the key is claimed. At both hosts.</summary>
internal sealed class BodyFirstTests
{
    private static readonly string[] Hosts = ["/mvc", "/endpoint"];

    private static readonly Dictionary<string, Func<string, HttpContent>> Bodies = new()
    {
        ["JSON"] = value => new StringContent($$"""{"v":"{{value}}"}""", Encoding.UTF8, "application/json"),
        ["chunks"] = value => new ChunkedContent(value),
        ["form"] = value => new FormUrlEncodedContent([new("v", value)]),
        ["upload"] = value => new MultipartFormDataContent { { new ByteArrayContent(Encoding.UTF8.GetBytes(value)), "file", "a.txt" } },
    };

    private static readonly string[] BodyNames = [.. Bodies.Keys];

    [Test]
    public async Task BodyIsReadThenClaimedAndTheActionCanReadIt(
        [ValueSource(nameof(Hosts))] string host, [ValueSource(nameof(BodyNames))] string body)
    {
        var store = new TransactionalStore();
        await using var app = await TransactionalApp.StartAsync(EchoAsync, store: store, outside: (http, next) =>
        {
            http.Request.Body = new NotingStream(http.Request.Body, () => store.Note("end"));
            return next(http);
        });

        using var first = await app.PostAsync(host, content: Bodies[body]("one"));
        var calls = store.Calls;
        using var retry = await app.PostAsync(host, content: Bodies[body]("one"));
        using var other = await app.PostAsync(host, content: Bodies[body]("two"));

        Assert.That(await first.TextAsync(), Does.Contain("one"));
        Assert.That(calls, Does.StartWith("end claim begin ran complete"));
        Assert.That((await retry.TextAsync(), retry.IsReplay()), Is.EqualTo((await first.TextAsync(), true)));
        await other.IsProblemAsync(422, "key-reused");
        Assert.That(app.Runs, Is.EqualTo(1));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task EmptyBodyIsCompared(string host)
    {
        await using var app = await TransactionalApp.StartAsync(EchoAsync);

        using var first = await app.PostAsync(host);
        using var retry = await app.PostAsync(host);
        using var other = await app.PostAsync(host, content: new StringContent(""));
        using var another = await app.PostAsync(host, content: new StringContent("not empty"));

        Assert.That((await first.TextAsync(), retry.IsReplay()), Is.EqualTo(("[]", true)));
        await other.IsProblemAsync(422, "key-reused");
        await another.IsProblemAsync(422, "key-reused");
        Assert.That(app.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task BodyThatIsTooLargeIsRefusedBeforeAClaim([ValueSource(nameof(Hosts))] string host, [Values] bool isChunked)
    {
        await using var app = await TransactionalApp.StartAsync(EchoAsync, o => o.MaxBufferedBodySize = 10);

        using var large = await app.PostAsync(host, content: Content(11));
        var calls = app.Store.Calls;
        using var small = await app.PostAsync(host, content: Content(10));

        await large.IsProblemAsync(413, "body-too-large");
        Assert.That(calls, Is.Empty);
        Assert.That((await small.TextAsync(), app.Runs), Is.EqualTo(("[xxxxxxxxxx]", 1)));

        HttpContent Content(int length) => isChunked ? new ChunkedContent(new('x', length)) : new StringContent(new('x', length));
    }

    private static async Task EchoAsync(HttpContext http, int run)
    {
        if (!http.Request.HasFormContentType)
        {
            await http.Response.WriteAsync($"[{await new StreamReader(http.Request.Body).ReadToEndAsync()}]");
            return;
        }

        var form = await http.Request.ReadFormAsync();
        await http.Response.WriteAsync($"[{form["v"]}]");
        foreach (var file in form.Files)
            await http.Response.WriteAsync(await new StreamReader(file.OpenReadStream()).ReadToEndAsync());
    }

    private sealed class ChunkedContent(string text) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) =>
            stream.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>Notes each time that its end is met.</summary>
    private sealed class NotingStream(Stream inner, Action atTheEnd) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            if (read == 0)
                atTheEnd();
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();
    }
}
