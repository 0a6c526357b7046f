using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>An action's write to its response after the request ended throws, and never reaches another response.</summary>
internal sealed class LateWriteTests
{
    private TestApp _app = null!;

    private Gates Gates => _app.Services.GetRequiredService<Gates>();

    [OneTimeSetUp]
    public async Task Start() => _app = await TestApp.StartAsync(
        [typeof(LateWriteController)],
        services => services.AddSingleton<Gates>().AddSingleton<LateWrites>()
            .AddIdempotency(options => options.MaxResponseBodySize = 1000));

    [OneTimeTearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [Test]
    public async Task LateWriteThrowsAndReachesNoOtherResponse(
        [Values(
            "stream", "stream-flush", "begin-write", "writer", "writer-flush", "writer-memory", "start", "complete", "send-file",
            "unbuffered")]
        string way,
        [Values(10, 3000)] int length)
    {
        var name = $"{way}-{length}";
        using var client = new RawConnection(_app.Address);
        Send(client, $"first?way={way}&length={length}&name={name}", name);
        await Task.Run(client.ReceiveText).Soon();

        // The next request on the connection is running and waits during the late write.
        Send(client, $"second?name={name}", name + "-second");
        await Gates.Of(name + "-second").Task.Soon();
        Gates.Of(name).SetResult();
        var late = await _app.Services.GetRequiredService<LateWrites>().Of(name).Soon();
        Gates.Of(name + "-end").SetResult();
        var second = await Task.Run(client.ReceiveText).Soon();

        Assert.That(late, Is.InstanceOf<ObjectDisposedException>());
        Assert.That(second, Does.EndWith("\r\n\r\nsecond").And.Contain("Content-Length: 6"));
    }

    [Test]
    public async Task LateWriteChangesNoRecord()
    {
        const string path = "late/first?way=stream&length=10&name=recorded";
        var first = await _app.AskAsync(path);
        Gates.Of("recorded").SetResult();
        await _app.Services.GetRequiredService<LateWrites>().Of("recorded").Soon();
        var retry = await _app.AskAsync(path);

        Assert.That(retry.Whole(), Is.EqualTo(first.Whole()));
    }

    private static void Send(RawConnection client, string path, string key) =>
        client.Send($"POST /late/{path} HTTP/1.1\r\nHost: a\r\nIdempotency-Key: {key}\r\nContent-Length: 0\r\n\r\n");
}

/// <summary>How the late writes ended.</summary>
public sealed class LateWrites
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, Task<Exception?>> _ended = [];

    public Task<Exception?> Of(string name) => _ended[name];

    public void Run(string name, Task start, Func<Task> write) => _ended[name] = RunAsync(start, write);

    private static async Task<Exception?> RunAsync(Task start, Func<Task> write)
    {
        await start;
        try
        {
            await write();
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }
}

[Route("late"), Idempotent]
public sealed class LateWriteController(Gates gates, LateWrites writes) : ControllerBase
{
    [HttpPost("first")]
    public async Task First(string way, int length, string name)
    {
        var late = "late!"u8.ToArray();
        var (feature, body, writer) = (
            HttpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), Response.Body, Response.BodyWriter);
        await body.WriteAsync(new byte[length]);
        writes.Run(name, gates.Of(name).Task, way switch
        {
            "stream" => () => body.WriteAsync(late, 0, late.Length),
            "stream-flush" => () => body.FlushAsync(),
            "begin-write" => () => Task.Factory.FromAsync(body.BeginWrite, body.EndWrite, late, 0, late.Length, null),
            "writer" => () => writer.WriteAsync(late).AsTask(),
            "writer-flush" => () => writer.FlushAsync().AsTask(),
            "writer-memory" => () => Task.FromResult(writer.GetMemory(5)),
            "start" => () => feature.StartAsync(),
            "complete" => feature.CompleteAsync,
            "send-file" => () => feature.SendFileAsync(typeof(LateWriteController).Assembly.Location, 0, 5),
            _ => async () =>
            {
                feature.DisableBuffering();
                await body.FlushAsync();
                await body.WriteAsync(late);
            },
        });
    }

    [HttpPost("second")]
    public async Task<string> Second(string name)
    {
        gates.Of(name + "-second").SetResult();
        await gates.Of(name + "-end").Task.Soon();
        return "second";
    }
}
