using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Mvc.ViewEngines;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>
/// Whatever an MVC action returns or writes, the client gets what it would get without the library, and a retry gets the same.
/// </summary>
internal sealed class ResultKindTests
{
    private Twin _twin = null!;

    [OneTimeSetUp]
    public async Task Start() => _twin = await Twin.StartAsync(
        [typeof(ResultsController), typeof(WritesController)],
        services: services => services
            .AddMvcCore().AddViews()
            .Services.Configure<MvcViewOptions>(views => views.ViewEngines.Add(new GreetingEngine())));

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _twin.DisposeAsync();
        File.Delete(ResultsController.PhysicalPath);
    }

    [TestCase("json")]
    [TestCase("formatter")]
    [TestCase("xml")]
    [TestCase("content")]
    [TestCase("bytes")]
    [TestCase("stream")]
    [TestCase("physical")]
    [TestCase("accepted")]
    [TestCase("empty")]
    [TestCase("no-content")]
    [TestCase("null")]
    [TestCase("reset-content")]
    [TestCase("not-modified")]
    [TestCase("not-found")]
    [TestCase("created-at")]
    [TestCase("redirect-301")]
    [TestCase("redirect-302")]
    [TestCase("redirect-303")]
    [TestCase("redirect-307")]
    [TestCase("redirect-308")]
    [TestCase("redirect-to-action")]
    [TestCase("problem")]
    [TestCase("validation-problem")]
    [TestCase("async-enumerable")]
    [TestCase("typed-created")]
    [TestCase("typed-stream")]
    [TestCase("view")]
    [TestCase("gzip")]
    public Task EveryResultIsUntouchedAndReplayed(string kind) => _twin.AssertUntouchedAndReplayedAsync("results/" + kind);

    [TestCase("stream")]
    [TestCase("writer")]
    [TestCase("writer-in-advances")]
    [TestCase("flushes")]
    [TestCase("started")]
    [TestCase("completed")]
    [TestCase("writer-completed")]
    [TestCase("begin-write")]
    [TestCase("swapped-body")]
    [TestCase("send-file")]
    [TestCase("status-after-write")]
    public Task EveryWayToWriteIsUntouchedAndReplayed(string way) => _twin.AssertUntouchedAndReplayedAsync("writes/" + way);

    [Test]
    public async Task AllByteValuesComeBack()
    {
        await _twin.Covered.AskAsync("results/bytes", "all", []);
        var retry = await _twin.Covered.AskAsync("results/bytes", "all", []);

        Assert.That(retry.Bytes, Is.EqualTo(ResultsController.AllBytes));
    }
}

[Route("results")]
public sealed class ResultsController : Controller
{
    internal static readonly byte[] AllBytes = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
    internal static readonly string PhysicalPath = WriteFile();

    public static string WriteFile()
    {
        var path = Path.GetTempFileName();
        System.IO.File.WriteAllBytes(path, AllBytes);
        return path;
    }

    [HttpPost("json")]
    public IActionResult Json() => new ObjectResult(new Item { Name = "é\u20ac\"", Count = 3 }) { StatusCode = 201 };

    [HttpPost("formatter")]
    public IActionResult Formatter() => new ObjectResult(new Item { Name = "ä" }) { Formatters = { new ShoutingFormatter() } };

    [HttpPost("xml")]
    public IActionResult Xml() => new ObjectResult(new Item { Name = "x" }) { Formatters = { new XmlSerializerOutputFormatter() } };

    [HttpPost("content")]
    public IActionResult Text() => Content("größer", "text/plain", Encoding.Latin1);

    [HttpPost("bytes")]
    public IActionResult Bytes() => File(AllBytes, "application/octet-stream", "all bytes.bin");

    [HttpPost("stream")]
    public IActionResult Stream() =>
        File(new MemoryStream(AllBytes), "application/octet-stream", DateTimeOffset.UnixEpoch, new EntityTagHeaderValue("\"v1\""));

    [HttpPost("physical")]
    public IActionResult Physical() => PhysicalFile(PhysicalPath, "application/octet-stream");

    [HttpPost("accepted")]
    public IActionResult Accept() => StatusCode(StatusCodes.Status202Accepted);

    [HttpPost("empty")]
    public IActionResult Nothing() => new EmptyResult();

    [HttpPost("no-content")]
    public IActionResult None() => NoContent();

    [HttpPost("null")]
    public IActionResult Null() => Ok(null);

    [HttpPost("reset-content")]
    public IActionResult Reset() => StatusCode(StatusCodes.Status205ResetContent);

    [HttpPost("not-modified")]
    public IActionResult NotModified()
    {
        Response.Headers.ETag = "\"v1\"";
        return StatusCode(StatusCodes.Status304NotModified);
    }

    [HttpPost("not-found")]
    public IActionResult Missing() => NotFound();

    [HttpPost("created-at")]
    public IActionResult CreatedAt() => CreatedAtAction(nameof(Missing), new { id = 7 }, new Item { Name = "new" });

    [HttpPost("redirect-301")]
    public IActionResult Moved() => RedirectPermanent("/elsewhere?a=1");

    [HttpPost("redirect-302")]
    public IActionResult Found() => Redirect("/elsewhere?a=1");

    [HttpPost("redirect-303")]
    public IActionResult SeeOther()
    {
        Response.Headers.Location = "/elsewhere";
        return StatusCode(StatusCodes.Status303SeeOther);
    }

    [HttpPost("redirect-307")]
    public IActionResult Temporary() => RedirectPreserveMethod("/elsewhere");

    [HttpPost("redirect-308")]
    public IActionResult Permanent() => RedirectPermanentPreserveMethod("/elsewhere");

    [HttpPost("redirect-to-action")]
    public IActionResult ToAction() => RedirectToAction(nameof(Missing));

    [HttpPost("problem")]
    public IActionResult Failing() => Problem("No funds", statusCode: StatusCodes.Status409Conflict);

    [HttpPost("validation-problem")]
    public IActionResult Invalid()
    {
        ModelState.AddModelError("amount", "Too small.");
        return ValidationProblem();
    }

    [HttpPost("async-enumerable")]
    public async IAsyncEnumerable<Item> Items()
    {
        for (var count = 0; count < 3; count++)
        {
            await Task.Yield();
            yield return new Item { Count = count };
        }
    }

    [HttpPost("typed-created")]
    public IResult TypedCreated() => TypedResults.Created("/items/1", new Item { Name = "typed" });

    [HttpPost("typed-stream")]
    public IResult TypedStream() => TypedResults.Stream(new MemoryStream(AllBytes), "application/octet-stream");

    [HttpPost("view")]
    public IActionResult Greeting() => View("Greeting", "world");

    [HttpPost("gzip")]
    public IActionResult Zipped()
    {
        var bytes = new MemoryStream();
        using (var zip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
            zip.Write("zipped by hand"u8);
        Response.Headers.ContentEncoding = "gzip";
        return File(bytes.ToArray(), "text/plain");
    }
}

[Route("writes")]
public sealed class WritesController : ControllerBase
{
    [HttpPost("stream")]
    public async Task ToStream()
    {
        Response.ContentType = "text/plain";
        await Response.Body.WriteAsync("one "u8.ToArray());
        await Response.Body.FlushAsync();
        await Response.WriteAsync("two");
    }

    [HttpPost("writer")]
    public async Task ToWriter() => await Response.BodyWriter.WriteAsync("written"u8.ToArray());

    [HttpPost("writer-in-advances")]
    public async Task Advances()
    {
        for (var size = 1; size < 30_000; size *= 3)
        {
            Response.BodyWriter.GetSpan(size)[..size].Fill((byte)size);
            Response.BodyWriter.Advance(size);
        }

        await Response.BodyWriter.FlushAsync();
        Response.BodyWriter.GetMemory().Span[0] = 7;
        Response.BodyWriter.Advance(1);
    }

    [HttpPost("flushes")]
    public async Task Flushes()
    {
        for (var i = 0; i < 100; i++)
        {
            await Response.Body.WriteAsync(new byte[] { (byte)i });
            await Response.Body.FlushAsync();
            await Response.BodyWriter.FlushAsync();
        }
    }

    [HttpPost("started")]
    public async Task Started()
    {
        Response.Headers["X-Before"] = "start";
        await Response.StartAsync();
        await Response.BodyWriter.WriteAsync("after the start"u8.ToArray());
    }

    [HttpPost("completed")]
    public async Task Completed()
    {
        await Response.WriteAsync("all of it");
        await Response.CompleteAsync();
    }

    [HttpPost("writer-completed")]
    public async Task WriterCompleted()
    {
        await Response.WriteAsync("all of it");
        await Response.BodyWriter.CompleteAsync();
    }

    [HttpPost("begin-write")]
    public Task BeginWrite() =>
        Task.Factory.FromAsync(Response.Body.BeginWrite, Response.Body.EndWrite, "old style"u8.ToArray(), 4, 5, null);

    [HttpPost("swapped-body")]
    public async Task SwappedBody()
    {
        var (body, buffer) = (Response.Body, new MemoryStream());
        Response.Body = buffer;
        await Response.WriteAsync("through a buffer");
        Response.Body = body;
        buffer.Position = 0;
        await buffer.CopyToAsync(Response.Body);
    }

    [HttpPost("send-file")]
    public Task SendFile() => Response.SendFileAsync(ResultsController.PhysicalPath, 100, 50);

    [HttpPost("status-after-write")]
    public async Task StatusBeforeWrite()
    {
        Response.StatusCode = StatusCodes.Status207MultiStatus;
        Response.Headers.Append("X-Many", "b");
        Response.Headers.Append("X-Many", "a, c");
        Response.Headers.Append("X-Many", "b");
        await Response.WriteAsync("many");
    }
}

public sealed class Item
{
    public string? Name { get; set; }

    public int Count { get; set; }
}

internal sealed class ShoutingFormatter : TextOutputFormatter
{
    public ShoutingFormatter()
    {
        SupportedMediaTypes.Add("text/shout");
        SupportedEncodings.Add(Encoding.Unicode);
    }

    public override async Task WriteResponseBodyAsync(OutputFormatterWriteContext context, Encoding selectedEncoding)
    {
        await using var writer = context.WriterFactory(context.HttpContext.Response.Body, selectedEncoding);
        await writer.WriteAsync(((Item)context.Object!).Name!.ToUpperInvariant());
    }
}

/// <summary>A view without a view engine.</summary>
internal sealed class GreetingEngine : IViewEngine
{
    public ViewEngineResult FindView(ActionContext context, string viewName, bool isMainPage) =>
        ViewEngineResult.Found(viewName, new Greeting(viewName));

    public ViewEngineResult GetView(string? executingFilePath, string viewPath, bool isMainPage) => ViewEngineResult.NotFound(viewPath, []);

    private sealed class Greeting(string path) : IView
    {
        public string Path => path;

        public Task RenderAsync(ViewContext context) => context.Writer.WriteAsync($"<p>Hello, {context.ViewData.Model} — {path}</p>");
    }
}
