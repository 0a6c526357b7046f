using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Tests.Wire;

/// <summary>What makes a request a different one: everything but its headers.</summary>
internal sealed class ReusedKeyTests
{
    [TestCase("PATCH", "/orders/1?a=1", "application/json", "{}", TestName = "OtherMethodIsReuse")]
    [TestCase("POST", "/orders/2?a=1", "application/json", "{}", TestName = "OtherPathIsReuse")]
    [TestCase("POST", "/orders/1?a=2", "application/json", "{}", TestName = "OtherQueryIsReuse")]
    [TestCase("POST", "/orders/1", "application/json", "{}", TestName = "NoQueryIsReuse")]
    [TestCase("POST", "/orders/1?a=1", "text/json", "{}", TestName = "OtherMediaTypeIsReuse")]
    [TestCase("POST", "/orders/1?a=1", "application/json", "{ }", TestName = "OtherBodyIsReuse")]
    [TestCase("POST", "/orders/1?a=1", "application/json", "", TestName = "NoBodyIsReuse")]
    [TestCase("POST", "/refunds", "application/json", "{}", TestName = "OtherEndpointIsReuse")]
    public async Task OtherRequestIsReuse(string method, string target, string mediaType, string body)
    {
        var script = new Script();
        await using var app = await script.StartAsync<ReusedKeyController>();
        using var first = await SendAsync(app, "POST", "/orders/1?a=1", "application/json", "{}");

        using var other = await SendAsync(app, method, target, mediaType, body);
        using var retry = await SendAsync(app, "POST", "/orders/1?a=1", "application/json", "{}");

        await other.IsProblemAsync(422, "key-reused");
        await retry.IsReplayOfAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [TestCase("application/json; charset=utf-8", TestName = "ParametersOfTheMediaTypeDoNotMatter")]
    [TestCase("APPLICATION/json", TestName = "CaseOfTheMediaTypeDoesNotMatter")]
    public async Task SameRequestIsARetry(string mediaType)
    {
        await using var app = await new Script().StartAsync<ReusedKeyController>();
        using var first = await SendAsync(app, "POST", "/orders/1?a=1", "application/json", "{}");

        using var retry = await SendAsync(app, "POST", "/orders/1?a=1", mediaType, "{}");

        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task BodyThatTheActionNeverReadIsComparedAllTheSame()
    {
        await using var app = await new Script().StartAsync<ReusedKeyController>();
        using var first = await SendAsync(app, "POST", "/refunds", "text/plain", new string('x', 200_000));

        using var other = await SendAsync(app, "POST", "/refunds", "text/plain", new string('x', 199_999) + "y");
        using var retry = await SendAsync(app, "POST", "/refunds", "text/plain", new string('x', 200_000));

        await other.IsProblemAsync(422, "key-reused");
        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task BodyThatCannotBeComparedIsNotTakenForTheSame()
    {
        await using var app = await new Script().StartAsync<ReusedKeyController>(pipeline: app => app.Use(async (http, next) =>
        {
            // Antiforgery does this when its token is in a form field.
            if (http.Request.Headers.ContainsKey("X-Parse"))
                await http.Request.ReadFormAsync();
            await next(http);
        }));
        using var first = await SendAsync(app, "POST", "/refunds", "application/x-www-form-urlencoded", "a=1");

        using var parsed = new HttpRequestMessage(HttpMethod.Post, "/refunds") { Content = new FormUrlEncodedContent([new("a", "999")]) };
        parsed.Headers.Add("Idempotency-Key", "k");
        parsed.Headers.Add("X-Parse", "1");
        using var other = await app.Client.SendAsync(parsed);

        await other.IsProblemAsync(422, "key-reused");
    }

    [Test]
    public async Task ReuseOfANotReplayableKeyIsReuse()
    {
        await using var app = await new Script().StartAsync<ReusedKeyController>(o => o.MaxResponseBodySize = 0);
        using var first = await SendAsync(app, "POST", "/refunds", "text/plain", "");

        using var other = await SendAsync(app, "POST", "/orders/1", "text/plain", "");
        using var retry = await SendAsync(app, "POST", "/refunds", "text/plain", "");

        await other.IsProblemAsync(422, "key-reused");
        await retry.IsProblemAsync(409, "not-replayable");
    }

    private static Task<HttpResponseMessage> SendAsync(TestApp app, string method, string target, string mediaType, string body)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(mediaType);
        return app.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), target)
        {
            Content = content,
            Headers = { { "Idempotency-Key", "k" } },
        });
    }
}

[ApiController]
public sealed class ReusedKeyController(Script script) : ControllerBase
{
    [HttpPost("orders/{id}"), HttpPatch("orders/{id}"), Idempotent]
    public async Task<IActionResult> Order(int id)
    {
        await Request.Body.CopyToAsync(Stream.Null);
        return await script.RunAsync(HttpContext);
    }

    [HttpPost("refunds"), Idempotent]
    public Task<IActionResult> Refund() => script.RunAsync(HttpContext);
}
