using System.IO.Compression;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Requests;

/// <summary>Same or different requests, through everything that reads bodies in MVC.</summary>
internal sealed class FingerprintTests
{
    [TestCase("/bodies/json", TestName = "JSON")]
    [TestCase("/bodies/unread", TestName = "A body that the action does not read")]
    [TestCase("/bodies/stream", TestName = "A body that the action reads itself")]
    [TestCase("/bodies/part", TestName = "A body of which the action reads a part")]
    public Task BodyIsCompared(string path) => AssertComparesAsync(
        path, () => JsonContent.Create(new { amount = 1 }), () => JsonContent.Create(new { amount = 2 }));

    [TestCase("/bodies/json", TestName = "JSON, with a length")]
    [TestCase("/bodies/unread", TestName = "An unread body with a length")]
    public Task BodyWithALengthIsCompared(string path) => AssertComparesAsync(
        path,
        () => new StringContent("{\"amount\":1}", null, "application/json"),
        () => new StringContent("{\"amount\":2}", null, "application/json"));

    [TestCase(true, TestName = "A retry with a body of a request without one is another request")]
    [TestCase(false, TestName = "A retry without the body of the request is another request")]
    public async Task NoBodyIsNotABody(bool isFirstEmpty)
    {
        await using var app = await StartAsync();
        HttpContent Body(bool isEmpty) => new StringContent(isEmpty ? "" : "{}", null, "application/json");

        Assert.That(await app.AnswerAsync("/bodies/unread", "k", Body(isFirstEmpty)), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/bodies/unread", "k", Body(!isFirstEmpty)), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/bodies/unread", "k", Body(isFirstEmpty)), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public Task UrlEncodedFormIsCompared() => AssertComparesAsync(
        "/bodies/form", () => Form(("amount", "1")), () => Form(("amount", "2")));

    [TestCase("/bodies/file", TestName = "A file bound as IFormFile")]
    [TestCase("/bodies/parts", TestName = "Parts that the action streams itself")]
    [TestCase("/bodies/unread", TestName = "Parts that nobody reads")]
    public Task MultipartIsComparedWhateverItsBoundary(string path) => AssertComparesAsync(
        path, () => Upload("content", Guid.NewGuid()), () => Upload("c0ntent", Guid.NewGuid()));

    [TestCase("multipart/form-data; boundary=x", "multipart/form-data", TestName = "A retry that declares no boundary is another request")]
    [TestCase("multipart/form-data", "multipart/form-data; boundary=x", TestName = "A retry that declares a boundary is another request")]
    public async Task MultipartIsComparedWithoutABoundary(string first, string retry)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/bodies/unread", "k", Body("1", first)), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/bodies/unread", "k", Body("2", retry)), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/bodies/unread", "k", Body("1", first)), Is.EqualTo("200 1 replayed"));

        static HttpContent Body(string content, string mediaType)
        {
            var body = new StringContent(content);
            body.Headers.ContentType = MediaTypeHeaderValue.Parse(mediaType);
            return body;
        }
    }

    [Test]
    public Task OtherFileNameIsAnotherRequest() => AssertComparesAsync(
        "/bodies/file", () => Upload("content", Guid.NewGuid()), () => Upload("content", Guid.NewGuid(), "other.txt"));

    [Test]
    public Task OtherMediaTypeIsAnotherRequest() => AssertComparesAsync(
        "/bodies/unread", () => new StringContent("1", null, "text/plain"), () => new StringContent("1", null, "application/json"));

    [Test]
    public Task EnabledBufferingBeforeChangesNothing() => AssertComparesAsync(
        "/bodies/json",
        () => JsonContent.Create(new { amount = 1 }),
        () => JsonContent.Create(new { amount = 2 }),
        app => app.Use(async (http, next) =>
        {
            http.Request.EnableBuffering();
            await http.Request.Body.CopyToAsync(Stream.Null);
            http.Request.Body.Position = 0;
            await next(http);
        }));

    [Test]
    public Task DecompressionBeforeChangesNothing() => AssertComparesAsync(
        "/bodies/json", () => Compressed("{\"amount\":1}"), () => Compressed("{\"amount\":2}"), app => app.UseRequestDecompression());

    [Test]
    public async Task RetryThatIsNotCompressedIsTheSameRequestOnceDecompressed()
    {
        await using var app = await StartAsync(app => app.UseRequestDecompression());

        Assert.That(await app.AnswerAsync("/bodies/json", "k", Compressed("{\"amount\":1}")), Is.EqualTo("200 1"));
        Assert.That(
            await app.AnswerAsync("/bodies/json", "k", new StringContent("{\"amount\":1}", null, "application/json")),
            Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task RetryWithAnotherAntiforgeryTokenIsTheSameRequest()
    {
        await using var app = await StartAsync();
        var (cookie, one) = await TokensAsync(app, null);
        var (_, other) = await TokensAsync(app, cookie);
        Assert.That(other, Is.Not.EqualTo(one));

        Assert.That(await PostAsync(app, cookie, one, "1"), Is.EqualTo("200 1"));
        Assert.That(await PostAsync(app, cookie, other, "1"), Is.EqualTo("200 1 replayed"));
        Assert.That(await PostAsync(app, cookie, other, "2"), Is.EqualTo("422 key-reused"));
    }

    [Test]
    public async Task WrongAntiforgeryTokenIsRefusedBeforeAReplayAndDoesNotTakeTheKey()
    {
        await using var app = await StartAsync();
        var (cookie, token) = await TokensAsync(app, null);

        Assert.That(await PostAsync(app, cookie, "wrong", "1"), Does.StartWith("400"));
        Assert.That(await PostAsync(app, cookie, token, "1"), Is.EqualTo("200 1"));
        Assert.That(await PostAsync(app, cookie, "wrong", "1"), Does.StartWith("400").And.Not.Contain("replayed"));
    }

    [Test]
    public async Task MultipartFormThatAntiforgeryReadIsComparedWithItsFiles()
    {
        await using var app = await StartAsync();
        var (cookie, token) = await TokensAsync(app, null);
        Task<string> Post(string content)
        {
            var upload = Upload(content, Guid.NewGuid());
            upload.Add(new StringContent(token), "__RequestVerificationToken");
            return app.AnswerAsync("/bodies/protected-file", "k", upload, $"Cookie: {cookie}");
        }

        Assert.That(await Post("content"), Is.EqualTo("200 1"));
        Assert.That(await Post("content"), Is.EqualTo("200 1 replayed"));
        Assert.That(await Post("c0ntent"), Is.EqualTo("422 key-reused"));
    }

    [Test]
    public async Task FormFieldThatIsNoFieldOfAntiforgeryCountsUnderAnOwnFieldName()
    {
        await using var app = await Answers.StartAsync(
            [typeof(BodiesController)], s => s.AddAntiforgery(o => o.FormFieldName = "own").AddMvcCore().AddViews());
        var (cookie, token) = await TokensAsync(app, null);
        Task<string> Post(string field) => app.AnswerAsync(
            "/bodies/protected", "k", Form(("amount", "1"), ("own", token), ("__RequestVerificationToken", field)), $"Cookie: {cookie}");

        Assert.That(await Post("a"), Is.EqualTo("200 1"));
        Assert.That(await Post("a"), Is.EqualTo("200 1 replayed"));
        Assert.That(await Post("b"), Is.EqualTo("422 key-reused"));
    }

    private static async Task AssertComparesAsync(
        string path, Func<HttpContent> same, Func<HttpContent> other, Action<WebApplication>? pipeline = null)
    {
        await using var app = await StartAsync(pipeline);

        Assert.That(await app.AnswerAsync(path, "k", same()), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync(path, "k", same()), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync(path, "k", other()), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync(path, "k", same()), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync(path, "k2", other()), Is.EqualTo("200 2"));
    }

    private static Task<TestApp> StartAsync(Action<WebApplication>? pipeline = null) => Answers.StartAsync(
        [typeof(BodiesController)], s => s.AddRequestDecompression().AddMvcCore().AddViews(), pipeline);

    private static FormUrlEncodedContent Form(params (string Name, string Value)[] fields) =>
        new(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));

    private static MultipartFormDataContent Upload(string content, Guid boundary, string fileName = "a.txt") => new(boundary.ToString())
    {
        { new StringContent("1"), "amount" },
        { new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "file", fileName },
    };

    private static ByteArrayContent Compressed(string json)
    {
        var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionMode.Compress))
            gzip.Write(Encoding.UTF8.GetBytes(json));
        var content = new ByteArrayContent(bytes.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.ContentEncoding.Add("gzip");
        return content;
    }

    private static async Task<(string Cookie, string Token)> TokensAsync(TestApp app, string? cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/bodies/token");
        request.Headers.Add("Cookie", cookie ?? "none=0");
        using var response = await app.Client.SendAsync(request);
        return (cookie ?? response.Headers.GetValues("Set-Cookie").Single().Split(';')[0], await response.Content.ReadAsStringAsync());
    }

    private static Task<string> PostAsync(TestApp app, string cookie, string token, string amount) => app.AnswerAsync(
        "/bodies/protected", "k", Form(("amount", amount), ("__RequestVerificationToken", token)), $"Cookie: {cookie}");
}

[Route("bodies"), Idempotent]
public sealed class BodiesController(Runs runs) : Controller
{
    [HttpPost("json")]
    public int Json([FromBody] Dictionary<string, int> body) => runs.Next() + (body.Count * 0);

    [HttpPost("unread")]
    public int Unread() => runs.Next();

    [HttpPost("stream")]
    public async Task<int> ReadStream()
    {
        await Request.Body.CopyToAsync(Stream.Null);
        return runs.Next();
    }

    [HttpPost("part")]
    public async Task<int> ReadPart()
    {
        await Request.Body.ReadExactlyAsync(new byte[3]);
        return runs.Next();
    }

    [HttpPost("form")]
    public int ReadForm([FromForm] int amount) => runs.Next() + (amount * 0);

    [HttpPost("file")]
    public async Task<int> ReadFile(IFormFile file)
    {
        await file.CopyToAsync(Stream.Null);
        return runs.Next();
    }

    [HttpPost("parts")]
    public async Task<int> ReadParts()
    {
        var reader = new MultipartReader(Request.GetMultipartBoundary(), Request.Body);
        while (await reader.ReadNextSectionAsync() is { } section)
            await section.Body.CopyToAsync(Stream.Null);
        return runs.Next();
    }

    [HttpGet("token")]
    public string Token([FromServices] IAntiforgery antiforgery) => antiforgery.GetAndStoreTokens(HttpContext).RequestToken!;

    [HttpPost("protected"), ValidateAntiForgeryToken]
    public int Protected([FromForm] int amount) => runs.Next() + (amount * 0);

    [HttpPost("protected-file"), ValidateAntiForgeryToken]
    public int ProtectedFile(IFormFile file) => runs.Next() + (file.Name.Length * 0);
}
