using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>Synchronous writes work where the server allows them and nowhere else, whatever the size of the response.</summary>
internal sealed class SynchronousWriteTests
{
    private const int Cap = 1000;

    private Twin _twin = null!;

    [OneTimeSetUp]
    public async Task Start() => _twin = await Twin.StartAsync(
        [typeof(SynchronousController)],
        options => options.MaxResponseBodySize = Cap,
        middleware: app => app.Use((http, next) =>
        {
            http.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = http.Request.Query["allowed"] == "true";
            return next(http);
        }));

    [OneTimeTearDown]
    public async Task Stop() => await _twin.DisposeAsync();

    [Test]
    public async Task TheServerDecides(
        [Values("array", "span", "byte", "flush", "write-then-sync", "stream-writer")] string way,
        [Values(10, 3 * Cap)] int length,
        [Values] bool allowed)
    {
        var path = $"synchronous/{way}?length={length}&allowed={(allowed ? "true" : "false")}";
        var (bare, first) = (await _twin.Bare.AskAsync(path), await _twin.Covered.AskAsync(path));

        Assert.That(first.Content(), Is.EqualTo(bare.Content()));
        Assert.That(first.Header("X-Outcome"), Is.EqualTo(allowed ? null : nameof(InvalidOperationException)));
    }
}

[Route("synchronous")]
public sealed class SynchronousController : ControllerBase
{
    [HttpPost("array")]
    public void Array(int length) => Attempt(() => Response.Body.Write(new byte[length], 0, length));

    [HttpPost("span")]
    public void Span(int length) => Attempt(() => Response.Body.Write(new byte[length].AsSpan()));

    [HttpPost("byte")]
    public void Byte(int length) => Attempt(() =>
    {
        for (var i = 0; i < length; i++)
            Response.Body.WriteByte((byte)i);
    });

    [HttpPost("flush")]
    public void Flush() => Attempt(() => Response.Body.Flush());

    [HttpPost("write-then-sync")]
    public async Task WriteThenSync(int length)
    {
        // The headers are still open: nothing was written before.
        Attempt(() => Response.Body.Write("sync"u8));
        await Response.Body.WriteAsync(new byte[length]);
    }

    [HttpPost("stream-writer")]
    public void StreamWriter(int length) => Attempt(() =>
    {
        using var writer = new StreamWriter(Response.Body, leaveOpen: true);
        writer.Write(new string('w', length));
        writer.Flush();
    });

    private void Attempt(Action write)
    {
        try
        {
            write();
        }
        catch (InvalidOperationException exception)
        {
            Response.Headers["X-Outcome"] = exception.GetType().Name;
        }
    }
}
