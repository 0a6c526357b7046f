using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>A response that cannot be sent as the action left it is neither recorded nor sent in part.</summary>
internal sealed class DefectTests
{
    private const string Clean500 = "500\nContent-Length: 0\nServer: Kestrel\n\n";

    private static readonly string[] Defects =
    [
        "declares-more", "declares-less", "declares-and-writes-nothing", "body-with-204", "body-with-205", "body-with-304",
        "length-with-204", "length-with-205",
        "cycle", "throws-after-write", "throws-after-flush", "throws-after-start", "throws-in-items", "fails-its-writer", "fails-its-file",
    ];

    private TestApp _releasing = null!;
    private TestApp _refusing = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _releasing = await StartAsync(FailureBehavior.Release);
        _refusing = await StartAsync(FailureBehavior.Block);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _releasing.DisposeAsync();
        await _refusing.DisposeAsync();
    }

    [Test]
    public async Task DefectIsAClean500AndFreesTheKey([ValueSource(nameof(Defects))] string defect)
    {
        var path = "defect/" + defect;
        var (first, second, third) = (await _releasing.AskAsync(path), await _releasing.AskAsync(path), await _releasing.AskAsync(path));

        Assert.That(first.Whole(), Is.EqualTo(Clean500));
        Assert.That((second.Status, second.Body, second.IsReplay), Is.EqualTo((200, "fine", false)));
        Assert.That((third.Body, third.IsReplay), Is.EqualTo(("fine", true)));
    }

    [Test]
    public async Task DefectIsAnUnknownOutcomeWhereFailuresAreRefused([ValueSource(nameof(Defects))] string defect)
    {
        var path = "defect/" + defect;
        var (first, retry) = (await _refusing.AskAsync(path), await _refusing.AskAsync(path));

        Assert.That(first.Whole(), Is.EqualTo(Clean500));
        Assert.That((retry.Status, retry.Code), Is.EqualTo((409, "outcome-unknown")));
        Assert.That(_refusing.Services.GetRequiredService<Gates>().Runs(defect), Is.EqualTo(1));
    }

    [Test]
    public async Task AbortResetsTheConnectionAndFreesTheKey()
    {
        Assert.That(await ReceivedAsync(_releasing, "aborts"), Is.Empty);
        var retry = await OnceItHasEndedAsync(_releasing);

        Assert.That((retry.Body, retry.IsReplay), Is.EqualTo(("fine", false)));
    }

    [Test]
    public async Task AbortIsAnUnknownOutcomeWhereFailuresAreRefused()
    {
        Assert.That(await ReceivedAsync(_refusing, "aborts"), Is.Empty);
        var retry = await OnceItHasEndedAsync(_refusing);

        Assert.That((retry.Status, retry.Code), Is.EqualTo((409, "outcome-unknown")));
    }

    /// <summary>The client sees the reset a moment before the key is freed or blocked.</summary>
    private static async Task<Answer> OnceItHasEndedAsync(TestApp app)
    {
        Answer? answer = null;
        await Waiting.UntilAsync(async () => (answer = await app.AskAsync("defect/aborts")).Code is not "in-flight");
        return answer!;
    }

    [TestCase("declares-more-than-the-cap")]
    [TestCase("throws-after-the-cap")]
    [TestCase("aborts-after-the-cap")]
    [TestCase("fails-its-writer-after-the-cap")]
    public async Task DefectAfterTheOverflowCutsTheResponseShortAndIsNotRunAgain(string defect)
    {
        Assert.ThrowsAsync<HttpRequestException>(() => _releasing.AskAsync("defect/" + defect));
        var retry = await _releasing.AskAsync("defect/" + defect);

        Assert.That((retry.Status, retry.Code), Is.EqualTo((409, "not-replayable")));
    }

    [TestCase("answers-503")]
    [TestCase("streams-503")]
    public async Task AnsweredFailureIsSentAndRefusedWhereFailuresAre(string defect)
    {
        var (first, retry) = (await _refusing.AskAsync("defect/" + defect), await _refusing.AskAsync("defect/" + defect));

        Assert.That(first.Status, Is.EqualTo(503));
        Assert.That(first.Body, Does.StartWith("busy"));
        Assert.That(retry.Code, Is.EqualTo("outcome-unknown"));
    }

    /// <summary>Reads what one connection receives. A pooling client may repeat a request after a connection reset.</summary>
    private static Task<string> ReceivedAsync(TestApp app, string defect) => Task.Run(() =>
    {
        using var client = new RawConnection(app.Address);
        client.Send($"POST /defect/{defect} HTTP/1.1\r\nHost: a\r\nIdempotency-Key: defect-{defect}\r\nContent-Length: 0\r\n\r\n");
        try
        {
            return client.ReceiveText();
        }
        catch (SocketException)
        {
            return "";
        }
    }).Soon();

    private static Task<TestApp> StartAsync(FailureBehavior whenFailed) => TestApp.StartAsync(
        [typeof(DefectController)],
        services => services.AddSingleton<Gates>().AddIdempotency(options =>
        {
            options.WhenFailed = whenFailed;
            options.MaxResponseBodySize = 1000;
        }));
}

[Route("defect"), Idempotent]
public sealed class DefectController(Gates gates) : ControllerBase
{
    private static readonly byte[] Large = new byte[3000];

    [HttpPost("declares-more")]
    public Task DeclaresMore() => FirstAsync("declares-more", () => WriteAsync(length: 10));

    [HttpPost("declares-less")]
    public Task DeclaresLess() => FirstAsync("declares-less", () => WriteAsync(length: 3));

    [HttpPost("declares-and-writes-nothing")]
    public Task DeclaresAlone() => FirstAsync("declares-and-writes-nothing", () => DeclareAsync(status: 200));

    [HttpPost("body-with-204")]
    public Task BodyWith204() => FirstAsync("body-with-204", () => WriteAsync(status: 204));

    [HttpPost("body-with-205")]
    public Task BodyWith205() => FirstAsync("body-with-205", () => WriteAsync(status: 205));

    [HttpPost("body-with-304")]
    public Task BodyWith304() => FirstAsync("body-with-304", () => WriteAsync(status: 304));

    [HttpPost("length-with-204")]
    public Task LengthWith204() => FirstAsync("length-with-204", () => DeclareAsync(status: 204));

    [HttpPost("length-with-205")]
    public Task LengthWith205() => FirstAsync("length-with-205", () => DeclareAsync(status: 205));

    [HttpPost("cycle")]
    public async Task<object> Cycle()
    {
        await Task.Yield();
        if (!IsFirst("cycle"))
            return Content("fine");

        Response.Headers["X-Partial"] = "yes";
        var list = new List<object> { "small" };
        list.Add(list);
        return list;
    }

    [HttpPost("throws-after-write")]
    public Task ThrowsAfterWrite() => FirstAsync("throws-after-write", async () =>
    {
        await WriteAsync(status: 201);
        throw new InvalidOperationException("Broken.");
    });

    [HttpPost("throws-after-flush")]
    public Task ThrowsAfterFlush() => FirstAsync("throws-after-flush", async () =>
    {
        await WriteAsync(status: 201);
        await Response.Body.FlushAsync();
        throw new InvalidOperationException("Broken.");
    });

    [HttpPost("throws-after-start")]
    public Task ThrowsAfterStart() => FirstAsync("throws-after-start", async () =>
    {
        Response.StatusCode = 404;
        await Response.StartAsync();
        throw new InvalidOperationException("Broken.");
    });

    [HttpPost("throws-in-items")]
    public object ThrowsInItems() => IsFirst("throws-in-items") ? Broken() : Content("fine");

    [HttpPost("fails-its-writer")]
    public Task FailsItsWriter() => FirstAsync("fails-its-writer", async () =>
    {
        await WriteAsync();
        await Response.BodyWriter.CompleteAsync(new InvalidOperationException("Broken."));
    });

    [HttpPost("fails-its-file")]
    public IActionResult FailsItsFile() =>
        IsFirst("fails-its-file") ? File(new BrokenStream(), "application/octet-stream") : Content("fine");

    [HttpPost("aborts")]
    public Task Aborts() => FirstAsync("aborts", async () =>
    {
        await WriteAsync();
        HttpContext.Abort();
    });

    [HttpPost("declares-more-than-the-cap")]
    public Task DeclaresMoreThanTheCap() => FirstAsync("declares-more-than-the-cap", async () =>
    {
        Response.ContentLength = 4000;
        await Response.Body.WriteAsync(Large);
    });

    [HttpPost("throws-after-the-cap")]
    public Task ThrowsAfterTheCap() => FirstAsync("throws-after-the-cap", async () =>
    {
        await Response.Body.WriteAsync(Large);
        throw new InvalidOperationException("Broken.");
    });

    [HttpPost("aborts-after-the-cap")]
    public Task AbortsAfterTheCap() => FirstAsync("aborts-after-the-cap", async () =>
    {
        await Response.Body.WriteAsync(Large);
        HttpContext.Abort();
    });

    [HttpPost("fails-its-writer-after-the-cap")]
    public Task FailsItsWriterAfterTheCap() => FirstAsync("fails-its-writer-after-the-cap", async () =>
    {
        await Response.Body.WriteAsync(Large);
        await Response.BodyWriter.CompleteAsync(new InvalidOperationException("Broken."));
    });

    [HttpPost("answers-503")]
    public IActionResult Answers503() => StatusCode(503, "busy");

    [HttpPost("streams-503")]
    public async Task Streams503()
    {
        Response.StatusCode = 503;
        await Response.WriteAsync("busy");
        await Response.Body.WriteAsync(Large);
    }

    private static async IAsyncEnumerable<string> Broken()
    {
        yield return "one";
        await Task.Yield();
        throw new InvalidOperationException("Broken.");
    }

    private bool IsFirst(string name)
    {
        gates.Run(name);
        return gates.Runs(name) == 1;
    }

    private Task FirstAsync(string name, Func<Task> defect) => IsFirst(name) ? defect() : Response.WriteAsync("fine");

    private Task WriteAsync(int status = 200, long? length = null)
    {
        Response.StatusCode = status;
        Response.ContentLength = length;
        Response.Headers["X-Partial"] = "yes";
        return Response.WriteAsync("five!");
    }

    private Task DeclareAsync(int status)
    {
        Response.StatusCode = status;
        Response.ContentLength = 5;
        return Task.CompletedTask;
    }

    private sealed class BrokenStream() : MemoryStream(new byte[100])
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position < 50
                ? base.ReadAsync(buffer[..Math.Min(50, buffer.Length)], cancellationToken)
                : throw new IOException("The file broke off.");
    }
}
