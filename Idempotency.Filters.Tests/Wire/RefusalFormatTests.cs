using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Wire;

/// <summary>A refusal goes out as problem details to programs, and as a page to visitors, whatever formatters the app has.</summary>
[TestFixture("/api")]
[TestFixture("/plain")]
[TestFixture("/xml")]
[TestFixture("/minimal")]
internal sealed partial class RefusalFormatTests(string path)
{
    private const string Browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

    [TestCase(null)]
    [TestCase("*/*")]
    [TestCase("text/*")]
    [TestCase("application/json")]
    [TestCase("application/xml")]
    [TestCase("image/png")]
    [TestCase("application/json, text/html")]
    [TestCase("text/html;q=0.5, application/json")]
    [TestCase("text/html;q=0.7, application/*;q=0.8")]
    [TestCase("text/html;q=0.5, */*;q=0.6")]
    [TestCase("text/html, application/json, */*")]
    [TestCase("text/html;q=0")]
    [TestCase("text/html;q=0, */*;q=0")]
    [TestCase("text/htmlx")]
    [TestCase("nonsense")]
    [TestCase("text/html;q=nonsense")]
    public async Task ProgramsGetProblemDetailsWhateverTheyAccept(string? accept)
    {
        await using var app = await StartAsync();

        using var response = await PostAsync(app, accept);

        await response.IsProblemAsync(400, "key-missing");
        Assert.That(response.Headers.CacheControl?.ToString(), Is.EqualTo("no-store"));
    }

    [TestCase(Browser)]
    [TestCase("text/html")]
    [TestCase("TEXT/HTML")]
    [TestCase("application/xhtml+xml")]
    [TestCase("text/html, application/json;q=0.9")]
    [TestCase("text/html, application/*;q=0.5")]
    [TestCase("text/html, application/xhtml+xml, */*")]
    [TestCase("text/html;level=1")]
    [TestCase("text/html;q=0.9, application/json;q=0, */*")]
    public async Task VisitorsGetAPage(string accept)
    {
        await using var app = await StartAsync();

        using var response = await PostAsync(app, accept);

        var page = await response.TextAsync();
        Assert.That((int)response.StatusCode, Is.EqualTo(400));
        Assert.That(response.Content.Headers.ContentType?.ToString(), Is.EqualTo("text/html; charset=utf-8"));
        Assert.That(response.Headers.CacheControl?.ToString(), Is.EqualTo("no-store"));
        Assert.That(page, Does.StartWith("<!DOCTYPE html>\n<html lang=\"en\">").And.Contain("<h1>The form cannot be sent</h1>"));
        Assert.That(page, Does.Contain("400 key-missing").And.Not.Contain("<script").And.Not.Contain("src=").And.Not.Contain("href="));
    }

    [Test]
    public async Task VisitorWhoseFormMeetsItsOwnKeyGetsAPageOfTheRightStatus()
    {
        await using var app = await StartAsync();
        using var first = await PostAsync(app, Browser, "k");

        using var reused = await PostAsync(app, Browser, "k", "?other");

        Assert.That((int)reused.StatusCode, Is.EqualTo(422));
        Assert.That(await reused.TextAsync(), Does.Contain("<title>The form was sent before</title>").And.Contain("422 key-reused"));
    }

    [Test]
    public async Task VisitorWhomNothingIdentifiesIsAskedToSignInAndNotToWait()
    {
        await using var app = await StartAsync(options => options.AnonymousCallers = AnonymousCallers.Reject);

        using var response = await PostAsync(app, Browser, "k");

        Assert.That((int)response.StatusCode, Is.EqualTo(401));
        Assert.That(await response.TextAsync(), Does.Contain("<title>Sign in first</title>").And.Contain("401 caller-anonymous"));
    }

    [Test]
    public async Task WhatTheAppPutsIntoThePageIsEncoded()
    {
        await using var app = await StartAsync(options => options.OnRejected = rejected =>
        {
            Assert.That(rejected.PrefersHtml, Is.True);
            (rejected.ProblemDetails.Title, rejected.ProblemDetails.Detail) = ("<b>\"Schon da\"</b>", "a & <script>alert('x')</script>");
            return ValueTask.CompletedTask;
        });

        using var response = await PostAsync(app, Browser);

        var page = await response.TextAsync();
        Assert.That(page, Does.Contain("<h1>&lt;b&gt;&quot;Schon da&quot;&lt;/b&gt;</h1>").And.Not.Contain("<script"));
        Assert.That(page, Does.Not.Contain("<b>").And.Not.Contain("lang=\"en\""));
    }

    [Test]
    public async Task AppReplacesThePage()
    {
        await using var app = await StartAsync(options => options.OnRejected = rejected =>
        {
            rejected.HttpContext.Response.Redirect("/checkout?problem=" + rejected.Code);
            rejected.IsHandled = rejected.PrefersHtml;
            return ValueTask.CompletedTask;
        });

        using var visitor = await PostAsync(app, Browser);

        Assert.That((int)visitor.StatusCode, Is.EqualTo(302));
        Assert.That(visitor.Headers.Location?.OriginalString, Is.EqualTo("/checkout?problem=key-missing"));
    }

    [Test]
    public async Task AppMayLetItsRefusalsBeCached()
    {
        await using var app = await StartAsync(options => options.OnRejected = rejected =>
        {
            rejected.HttpContext.Response.Headers.CacheControl = "private, max-age=1";
            return ValueTask.CompletedTask;
        });

        using var response = await PostAsync(app, null);

        Assert.That(response.Headers.CacheControl?.ToString(), Does.Contain("max-age=1").And.Not.Contain("no-store"));
    }

    [Test]
    public async Task WhatTheAppAddsIsSentWithoutReflection()
    {
        await using var app = await StartAsync(
            options => options.OnRejected = rejected =>
            {
                var extensions = rejected.ProblemDetails.Extensions;
                extensions["text"] = "a\"b";
                extensions["number"] = 12.5m;
                extensions["none"] = null;
                extensions["array"] = new[] { 1, 2 };
                extensions["map"] = new Dictionary<string, object?> { ["x"] = true, ["y"] = new List<object?> { null, "z" } };
                extensions["node"] = new JsonObject { ["n"] = 1, ["o"] = new JsonArray("p") };
                extensions["element"] = JsonElement.Parse("""{"e":[1]}""");
                extensions["known"] = new Known(7);
                extensions["unknown"] = new Unknown();
                extensions["time"] = DateTimeOffset.UnixEpoch;
                extensions["nan"] = double.NaN;
                extensions["status"] = "not twice";
                return ValueTask.CompletedTask;
            },
            services =>
            {
                services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolver = KnownContext.Default);
                services.Configure<JsonOptions>(json => json.JsonSerializerOptions.TypeInfoResolver = KnownContext.Default);
            });

        using var response = await PostAsync(app, null);

        var problem = await response.IsProblemAsync(400, "key-missing");
        Assert.Multiple(() =>
        {
            Assert.That(problem.GetProperty("text").GetString(), Is.EqualTo("a\"b"));
            Assert.That(problem.GetProperty("number").GetDecimal(), Is.EqualTo(12.5m));
            Assert.That(problem.GetProperty("none").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(problem.GetProperty("array").GetRawText(), Is.EqualTo("[1,2]"));
            Assert.That(problem.GetProperty("map").GetRawText(), Is.EqualTo("""{"x":true,"y":[null,"z"]}"""));
            Assert.That(problem.GetProperty("node").GetRawText(), Is.EqualTo("""{"n":1,"o":["p"]}"""));
            Assert.That(problem.GetProperty("element").GetRawText(), Is.EqualTo("""{"e":[1]}"""));
            Assert.That(problem.GetProperty("known").GetProperty("value").GetInt32(), Is.EqualTo(7));
            Assert.That(problem.GetProperty("unknown").GetString(), Is.EqualTo("unknown"));
            Assert.That(problem.GetProperty("time").GetDateTimeOffset(), Is.EqualTo(DateTimeOffset.UnixEpoch));
            Assert.That(problem.GetProperty("nan").GetString(), Is.EqualTo("NaN"));
        });
    }

    [Test]
    public async Task RefusalNeedsNoSerializerAtAll()
    {
        await using var app = await StartAsync(services: services =>
        {
            services.AddProblemDetails(o => o.CustomizeProblemDetails = c => c.ProblemDetails.Extensions["node"] = "n1");
            services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolver = JsonTypeInfoResolver.Combine());
            services.Configure<JsonOptions>(json => json.JsonSerializerOptions.TypeInfoResolver = JsonTypeInfoResolver.Combine());
        });

        using var response = await PostAsync(app, null);

        Assert.That((await response.IsProblemAsync(400, "key-missing")).GetProperty("node").GetString(), Is.EqualTo("n1"));
    }

    [Test]
    public async Task AppSendsProblemsByAWriterOfItsOwn()
    {
        await using var app = await StartAsync(services: services =>
            services.AddProblemDetails().AddSingleton<IProblemDetailsWriter, OwnWriter>());

        using var response = await PostAsync(app, "application/json");

        Assert.That((int)response.StatusCode, Is.EqualTo(400));
        Assert.That(await response.TextAsync(), Does.StartWith("own: ").And.EndWith("key-missing"));
    }

    private static async Task<HttpResponseMessage> SendAsync(TestApp app, string path, string? accept, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        return await app.Client.SendAsync(request);
    }

    private Task<HttpResponseMessage> PostAsync(TestApp app, string? accept, string? key = null, string query = "") =>
        SendAsync(app, path + query, accept, key);

    private static Task<TestApp> StartAsync(Action<IdempotencyOptions>? options = null, Action<IServiceCollection>? services = null) =>
        TestApp.StartAsync(
            [typeof(ApiProblemController), typeof(PlainProblemController), typeof(XmlProblemController)],
            all =>
            {
                all.AddSingleton(new Script((_, _) => new ContentResult { Content = "done", StatusCode = 200 }));
                all.AddIdempotency(options);
                all.Configure<MvcOptions>(mvc =>
                {
                    mvc.ReturnHttpNotAcceptable = true;
                    mvc.RespectBrowserAcceptHeader = true;
                    mvc.OutputFormatters.Clear();
                    mvc.OutputFormatters.Add(new XmlSerializerOutputFormatter());
                    mvc.Filters.Add(new ProducesAttribute("application/xml"));
                });
                services?.Invoke(all);
            },
            app => app.MapPost("/minimal", () => Results.Text("done")).RequireIdempotency());

    public sealed record Known(int Value);

    private sealed class Unknown
    {
        public override string ToString() => "unknown";
    }

    private sealed class OwnWriter : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => true;

        public async ValueTask WriteAsync(ProblemDetailsContext context) =>
            await context.HttpContext.Response.WriteAsync("own: " + context.ProblemDetails.Type);
    }

    [JsonSerializable(typeof(Known))]
    internal sealed partial class KnownContext : JsonSerializerContext;
}

[Route("xml"), Produces("application/xml")]
public sealed class XmlProblemController(Script script) : ControllerBase
{
    [HttpPost, Idempotent]
    public Task<IActionResult> Post() => script.RunAsync(HttpContext);
}
