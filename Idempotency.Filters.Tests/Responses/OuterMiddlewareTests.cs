using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>Outer middleware changes the first answer and a replay alike. Its changes are not recorded.</summary>
internal sealed class OuterMiddlewareTests
{
    private static readonly (string, string) Gzip = ("Accept-Encoding", "gzip");

    private Twin _twin = null!;

    [OneTimeSetUp]
    public async Task Start() => _twin = await Twin.StartAsync(
        [typeof(OuterController)],
        services: services => services.AddResponseCompression(compression => compression.Providers.Add<GzipCompressionProvider>()),
        middleware: app => app.UseResponseCompression().UseStatusCodePages("text/plain", "The page of {0}"));

    [OneTimeTearDown]
    public async Task Stop() => await _twin.DisposeAsync();

    [TestCase("text")]
    [TestCase("large")]
    public async Task CompressedFirstAndRetryDecodeToTheSame(string path)
    {
        var bare = await _twin.Bare.AskAsync("outer/" + path, "zip-" + path, [Gzip]);
        var first = await _twin.Covered.AskAsync("outer/" + path, "zip-" + path, [Gzip]);
        var retry = await _twin.Covered.AskAsync("outer/" + path, "zip-" + path, [Gzip]);

        Assert.That((first.Header("Content-Encoding"), retry.Header("Content-Encoding")), Is.EqualTo(("gzip", "gzip")));
        Assert.That(Unzipped(first), Is.EqualTo(Unzipped(bare)));
        Assert.That(Unzipped(retry), Is.EqualTo(Unzipped(bare)));
        Assert.That((first.Header("Vary"), retry.Header("Vary")), Is.EqualTo(("Accept-Encoding", "Accept-Encoding")));
    }

    [Test]
    public async Task RetryWithoutAcceptEncodingIsNotCompressed()
    {
        var first = await _twin.Covered.AskAsync("outer/text", "once", [Gzip]);
        var retry = await _twin.Covered.AskAsync("outer/text", "once", []);

        Assert.That(retry.Header("Content-Encoding"), Is.Null);
        Assert.That(retry.Body, Is.EqualTo(Unzipped(first)));
        Assert.That(retry.Header("Content-Length"), Is.EqualTo("4000"));
    }

    [Test]
    public async Task StreamedResponseIsCompressedToo()
    {
        var first = await _twin.Covered.AskAsync("outer/streamed", "streamed", [Gzip]);
        var retry = await _twin.Covered.AskAsync("outer/streamed", "streamed", [Gzip]);

        Assert.That(Unzipped(first), Is.EqualTo(new string('s', 4000)));
        Assert.That(retry.Code, Is.EqualTo("not-replayable"));
    }

    [Test]
    public async Task EncodingOfTheActionIsNotEncodedAgain()
    {
        var first = await _twin.Covered.AskAsync("outer/zipped", "zipped", [Gzip]);
        var retry = await _twin.Covered.AskAsync("outer/zipped", "zipped", [Gzip]);

        Assert.That(Unzipped(first), Is.EqualTo("zipped by hand"));
        Assert.That(retry.Whole(), Is.EqualTo(first.Whole()));
    }

    [TestCase("not-found", ExpectedResult = "The page of 404")]
    [TestCase("not-found-with-text", ExpectedResult = "Not here")]
    [TestCase("not-found-with-null", ExpectedResult = "The page of 404")]
    [TestCase("declared-empty", ExpectedResult = "")]
    [TestCase("started-empty", ExpectedResult = "")]
    [TestCase("completed-empty", ExpectedResult = "")]
    [TestCase("written-empty", ExpectedResult = "")]
    public async Task<string> StatusCodePageIsThatOfTheBareActionFirstAndAgain(string path)
    {
        var (bare, first, retry) = await _twin.AskAsync("outer/" + path);

        Assert.That(first.Content(), Is.EqualTo(bare.Content()));
        Assert.That(retry.Content(), Is.EqualTo(first.Content()));
        Assert.That(retry.IsReplay);
        return first.Body;
    }

    private static string Unzipped(Answer answer)
    {
        using var zip = new GZipStream(new MemoryStream(answer.Bytes), CompressionMode.Decompress);
        return new StreamReader(zip, Encoding.UTF8).ReadToEnd();
    }
}

[Route("outer")]
public sealed class OuterController : ControllerBase
{
    [HttpPost("text")]
    public string Text() => new('t', 4000);

    [HttpPost("large")]
    public string Large() => string.Concat(Enumerable.Range(0, 60_000).Select(number => $"{number} "));

    [HttpPost("streamed")]
    public async Task Streamed()
    {
        HttpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        Response.ContentType = "text/plain";
        for (var i = 0; i < 4; i++)
            await Response.WriteAsync(new string('s', 1000));
    }

    [HttpPost("zipped")]
    public IActionResult Zipped()
    {
        var bytes = new MemoryStream();
        using (var zip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
            zip.Write("zipped by hand"u8);
        Response.Headers.ContentEncoding = "gzip";
        return File(bytes.ToArray(), "text/plain");
    }

    [HttpPost("not-found")]
    public IActionResult Missing() => NotFound();

    [HttpPost("not-found-with-text")]
    public IActionResult MissingWithText() => NotFound("Not here");

    [HttpPost("not-found-with-null")]
    public IActionResult MissingWithNull() => NotFound(null);

    [HttpPost("declared-empty")]
    public void DeclaredEmpty()
    {
        Response.StatusCode = StatusCodes.Status404NotFound;
        Response.ContentLength = 0;
    }

    [HttpPost("started-empty")]
    public Task StartedEmpty()
    {
        Response.StatusCode = StatusCodes.Status404NotFound;
        return Response.StartAsync();
    }

    [HttpPost("completed-empty")]
    public Task CompletedEmpty()
    {
        Response.StatusCode = StatusCodes.Status404NotFound;
        return Response.CompleteAsync();
    }

    [HttpPost("written-empty")]
    public async Task WrittenEmpty()
    {
        Response.StatusCode = StatusCodes.Status404NotFound;
        await Response.Body.WriteAsync(ReadOnlyMemory<byte>.Empty);
        await Response.Body.FlushAsync();
    }
}
