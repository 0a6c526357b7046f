using System.Text;
using Idempotency.Filters.Tests.Hosting.Mvc;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Forms;

/// <summary>
/// The antiforgery token is no part of the request. A script may send it in a header or leave it in the form, and a page that was loaded
/// again has another one.
/// </summary>
internal sealed class AntiforgeryTokenTests
{
    private static readonly string[] Paths =
        ["/token/bound", "/token/unread", "/Marked", "/minimal/bound", "/minimal/read", "/minimal/unread", "/minimal/streamed"];

    private static readonly (Place First, Place Retry)[] Orders =
    [
        (Place.Header, Place.Header), (Place.Header, Place.Field), (Place.Field, Place.Header), (Place.Field, Place.Field),
        (Place.Both, Place.Both), (Place.Both, Place.Header), (Place.Header, Place.Both), (Place.Both, Place.Field),
        (Place.Field, Place.Both),
    ];

    public enum Place
    {
        Header,
        Field,
        Both,
    }

    [Test]
    public async Task RetryWithAnotherTokenIsTheSameRequestWhereverTheTokenIs(
        [ValueSource(nameof(Paths))] string path, [Values] bool multipart, [Values] bool buffered)
    {
        await using var app = await StartAsync(buffered);
        var session = await OpenAsync(app);
        foreach (var (first, retry) in Orders)
        {
            var key = $"{first}-{retry}";

            var answer = await PostAsync(app, session, path, key, first, multipart);
            Assert.That(answer, Does.StartWith("200 "), key);
            if (path is "/minimal/streamed")
                Assert.That(await PostAsync(app, session, path, key, retry, multipart), Is.EqualTo("409 not-replayable"), key);
            else
                Assert.That(await PostAsync(app, session, path, key, retry, multipart), Is.EqualTo($"{answer} replayed"), key);
            Assert.That(await PostAsync(app, session, path, key, retry, multipart, "13"), Is.EqualTo("422 key-reused"), key);
        }

        Assert.That(app.Runs(), Is.EqualTo(Orders.Length));
    }

    [TestCase("/token/file")]
    [TestCase("/minimal/file")]
    public async Task FilesAreComparedWhereverTheTokenIs(string path)
    {
        await using var app = await StartAsync(buffered: false);
        var session = await OpenAsync(app);
        var large = new string('x', 200_000);
        foreach (var (first, retry) in Orders)
        {
            var key = $"{first}-{retry}";

            var answer = await PostAsync(app, session, path, key, first, multipart: true, file: large);
            Assert.That(answer, Does.EndWith(" 200000"), key);
            Assert.That(
                await PostAsync(app, session, path, key, retry, multipart: true, file: large), Is.EqualTo($"{answer} replayed"), key);
            Assert.That(
                await PostAsync(app, session, path, key, retry, multipart: true, file: large[1..] + "y"),
                Is.EqualTo("422 key-reused"), key);
        }
    }

    [Test]
    public async Task TokenMayHaveOtherNames([Values] bool multipart)
    {
        await using var app = await StartAsync(
            buffered: false, options => (options.HeaderName, options.FormFieldName) = ("X-Token", "token"));
        var session = await OpenAsync(app) with { Header = "X-Token", Field = "token" };

        var answer = await PostAsync(app, session, "/token/bound", "k", Place.Header, multipart);

        Assert.That(await PostAsync(app, session, "/token/bound", "k", Place.Field, multipart), Is.EqualTo($"{answer} replayed"));
    }

    [Test]
    public async Task ActionThatStreamsItsUploadGetsItWholeAlthoughTheTokenIsInTheHeader()
    {
        await using var app = await StartAsync(buffered: false);
        var session = await OpenAsync(app);

        var answer = await PostAsync(app, session, "/token/raw", "k", Place.Header, multipart: true);

        Assert.That(answer, Does.Contain("name=amount").Or.Contain("name=\"amount\""));
        Assert.That(await PostAsync(app, session, "/token/raw", "k", Place.Header, multipart: true), Is.EqualTo($"{answer} replayed"));
    }

    private static async Task<Session> OpenAsync(TestApp app)
    {
        using var page = await app.Client.GetAsync("/tokens");
        var tokens = (await page.TextAsync()).Split(' ');
        var cookie = page.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        return new(cookie, new(tokens), "RequestVerificationToken", "__RequestVerificationToken");
    }

    private static Task<string> PostAsync(
        TestApp app, Session session, string path, string key, Place place, bool multipart, string amount = "12", string? file = null)
    {
        var token = session.Tokens.Dequeue();
        session.Tokens.Enqueue(token);
        List<KeyValuePair<string, string>> fields = [new("amount", amount)];
        // The place of the token among the fields must not count either.
        if (place is not Place.Header)
            fields.Insert(token.Length % 2, new(session.Field, token));
        string[] headers = place is Place.Field
            ? [$"Cookie: {session.Cookie}"]
            : [$"Cookie: {session.Cookie}", $"{session.Header}: {token}"];
        return app.AnswerAsync(path, key, multipart ? Multipart(fields, file) : new FormUrlEncodedContent(fields), headers);
    }

    private static MultipartFormDataContent Multipart(List<KeyValuePair<string, string>> fields, string? file)
    {
        var content = new MultipartFormDataContent(Guid.NewGuid().ToString());
        foreach (var (name, value) in fields)
            content.Add(new StringContent(value), name);
        if (file is not null)
            content.Add(new ByteArrayContent(Encoding.UTF8.GetBytes(file)), "file", "a.txt");
        return content;
    }

    private static Task<TestApp> StartAsync(bool buffered, Action<AntiforgeryOptions>? antiforgery = null) => Answers.StartAsync(
        [typeof(TokenController)],
        s =>
        {
            s.AddAntiforgery(antiforgery ?? (_ => { })).AddPages("Marked").AddControllersWithViews();
            s.AddIdempotency(o => o.MaxResponseBodySize = 1_000);
        },
        app =>
        {
            if (buffered)
            {
                app.Use((http, next) =>
                {
                    http.Request.EnableBuffering();
                    return next(http);
                });
            }

            app.UseRouting().UseAntiforgery();
            app.MapRazorPages();
            app.MapGet("/tokens", Tokens);
            app.MapPost("/minimal/bound", ([FromForm] int amount, Runs runs) => $"{runs.Next()} {amount}").RequireIdempotency();
            app.MapPost("/minimal/unread", (Runs runs) => $"{runs.Next()}")
                .WithMetadata(new RequireAntiforgeryTokenAttribute()).RequireIdempotency();
            app.MapPost(
                    "/minimal/read", async (HttpRequest request, Runs runs) => $"{runs.Next()} {(await request.ReadFormAsync())["amount"]}")
                .WithMetadata(new RequireAntiforgeryTokenAttribute()).RequireIdempotency();
            app.MapPost("/minimal/streamed", ([FromForm] int amount, Runs runs) => $"{runs.Next()} {amount}" + new string('x', 2_000))
                .RequireIdempotency();
            app.MapPost("/minimal/file", (IFormFile file, Runs runs) => $"{runs.Next()} {file.Length}").RequireIdempotency();
        });

    private static string Tokens(HttpContext http, IAntiforgery antiforgery) =>
        string.Join(' ', Enumerable.Range(0, 8).Select(_ => antiforgery.GetAndStoreTokens(http).RequestToken));

    private sealed record Session(string Cookie, Queue<string> Tokens, string Header, string Field);
}

[Route("token"), Idempotent, AutoValidateAntiforgeryToken]
public sealed class TokenController(Runs runs) : Controller
{
    [HttpPost("bound")]
    public string Bound(int amount) => $"{runs.Next()} {amount}";

    [HttpPost("unread")]
    public string Unread() => $"{runs.Next()}";

    [HttpPost("file")]
    public string Upload(IFormFile file) => $"{runs.Next()} {file?.Length}";

    [HttpPost("raw")]
    public async Task<string> Raw()
    {
        using var reader = new StreamReader(Request.Body);
        return $"{runs.Next()} {await reader.ReadToEndAsync()}";
    }
}
