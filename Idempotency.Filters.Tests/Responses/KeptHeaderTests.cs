using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>
/// A replay has the headers that the action's pipeline added or changed, and those that outer middleware sets on the retry itself.
/// </summary>
internal sealed class KeptHeaderTests
{
    private int _request;
    private TestApp _app = null!;

    [OneTimeSetUp]
    public async Task Start() => _app = await TestApp.StartAsync(
        [typeof(KeptHeaderController)],
        services => services.AddIdempotency()
            .AddPolicy("marked", options => options.ReplayedHeaderName = "X-Again")
            .AddPolicy("unmarked", options => options.ReplayedHeaderName = null)
            .AddPolicy("as-200", options => options.ReplayStatusCode = StatusCodes.Status200OK)
            .AddPolicy("as-204", options => options.ReplayStatusCode = StatusCodes.Status204NoContent),
        app => app.Use((http, next) =>
        {
            http.Response.Headers["X-Number"] = $"{++_request}";
            http.Response.Headers["X-Outer"] = "outer";
            return next(http);
        }));

    [OneTimeTearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [Test]
    public async Task HeaderOfOuterMiddlewareIsThatOfTheRetry()
    {
        var (first, retry) = await TwiceAsync("untouched");

        Assert.That((first.Header("X-Number"), retry.Header("X-Number")), Is.EqualTo(($"{_request - 1}", $"{_request}")));
    }

    [TestCase("changed", ExpectedResult = "inner")]
    [TestCase("appended", ExpectedResult = "outer | inner")]
    [TestCase("removed", ExpectedResult = null)]
    [TestCase("emptied", ExpectedResult = null)]
    public async Task<string?> WhatTheActionDidToAnOuterHeaderIsDoneAgain(string action)
    {
        var (first, retry) = await TwiceAsync(action);

        Assert.That(retry.Header("X-Outer"), Is.EqualTo(first.Header("X-Outer")));
        return retry.Header("X-Outer");
    }

    [Test]
    public async Task ValuesOfOneHeaderKeepTheirNumberAndOrder()
    {
        var (first, retry) = await TwiceAsync("many");

        Assert.That(first.Header("X-Many"), Is.EqualTo("b | a, c |  | b"));
        Assert.That(retry.Header("X-Many"), Is.EqualTo(first.Header("X-Many")));
    }

    [TestCase("Set-Cookie", "session=1; path=/")]
    [TestCase("Date", "Thu, 01 Jan 1970 00:00:00 GMT")]
    [TestCase("Server", "Mine")]
    [TestCase("Alt-Svc", "h3=\":443\"")]
    [TestCase("Keep-Alive", "timeout=5")]
    [TestCase("Access-Control-Allow-Origin", "https://a.example")]
    [TestCase("access-control-expose-headers", "X-Many")]
    [TestCase("WWW-Authenticate", "Bearer")]
    [TestCase("Proxy-Authenticate", "Basic")]
    [TestCase("Authentication-Info", "nextnonce=\"1\"")]
    [TestCase("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [TestCase("tracestate", "a=b")]
    [TestCase("Request-Id", "|1.")]
    [TestCase("X-Request-Id", "1")]
    [TestCase("X-Correlation-ID", "1")]
    [TestCase("Server-Timing", "db;dur=53")]
    [TestCase("Idempotent-Replayed", "of the action")]
    [TestCase("Authorization", "Bearer x")]
    [TestCase("Proxy-Authorization", "Basic x")]
    [TestCase("DPoP-Nonce", "n")]
    [TestCase("Replay-Nonce", "n")]
    [TestCase("traceresponse", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [TestCase("X-Amzn-Trace-Id", "Root=1-2-3")]
    [TestCase("X-Cloud-Trace-Context", "1/2;o=1")]
    [TestCase("x-datadog-trace-id", "1")]
    [TestCase("X-B3-ParentSpanId", "1")]
    [TestCase("uber-trace-id", "1:2:0:1")]
    [TestCase("sentry-trace", "1-2-1")]
    [TestCase("Elastic-Apm-Traceparent", "00-1-2-01")]
    [TestCase("newrelic", "x")]
    [TestCase("X-NewRelic-App-Data", "x")]
    [TestCase("x-ms-request-id", "1")]
    [TestCase("CF-RAY", "1-FRA")]
    [TestCase("Age", "7")]
    [TestCase("RateLimit", "\"p\";r=1;t=2")]
    [TestCase("RateLimit-Remaining", "1")]
    [TestCase("X-RateLimit-Reset", "1")]
    [TestCase("x-rate-limit-limit", "1")]
    [TestCase("anthropic-ratelimit-requests-remaining", "1")]
    public async Task HeaderOfOneMomentIsSentOnceAndNeverKept(string name, string value)
    {
        var path = $"headers/set?name={Uri.EscapeDataString(name)}&value={Uri.EscapeDataString(value)}";
        var first = await _app.AskAsync(path, name, []);
        var retry = await _app.AskAsync(path, name, []);

        Assert.That(first.Header(name), Is.EqualTo(value));
        Assert.That(retry.Header(name), Is.Not.EqualTo(value));
        Assert.That(retry.IsReplay);
    }

    [TestCase("Strict-Transport-Security", "max-age=1")]
    [TestCase("Cache-Control", "no-store")]
    [TestCase("Retry-After", "7")]
    [TestCase("ETag", "W/\"1\"")]
    [TestCase("Link", "</next>; rel=\"next\"")]
    [TestCase("Content-Language", "de, en")]
    [TestCase("X-Idempotent-Replayed", "x")]
    [TestCase("X-Payment-Request-Id", "7")]
    [TestCase("x-ms-version", "2026-01-01")]
    [TestCase("X-Average", "1")]
    public async Task AnyOtherHeaderIsKept(string name, string value)
    {
        var path = $"headers/set?name={Uri.EscapeDataString(name)}&value={Uri.EscapeDataString(value)}";
        await _app.AskAsync(path, name, []);
        var retry = await _app.AskAsync(path, name, []);

        Assert.That(retry.Header(name), Is.EqualTo(value));
        Assert.That(retry.IsReplay);
    }

    [Test]
    public async Task MarkerCanHaveAnotherName()
    {
        var (first, retry) = await TwiceAsync("marked");

        Assert.That((first.Header("X-Again"), retry.Header("X-Again"), retry.IsReplay), Is.EqualTo(((string?)null, "true", false)));
        Assert.That(KeptHeaderController.RunsOf("marked"), Is.EqualTo(1));
    }

    [Test]
    public async Task MarkerCanBeLeftOut()
    {
        var (first, retry) = await TwiceAsync("unmarked");

        Assert.That(retry.Headers.Keys, Is.EquivalentTo(first.Headers.Keys));
        Assert.That(KeptHeaderController.RunsOf("unmarked"), Is.EqualTo(1));
    }

    [Test]
    public async Task ReplayCanHaveAStatusOfItsOwn()
    {
        var (first, retry) = await TwiceAsync("as-200");

        Assert.That((first.Status, retry.Status), Is.EqualTo((201, 200)));
        Assert.That((retry.Body, retry.Header("Location")), Is.EqualTo((first.Body, "/made")));
    }

    [Test]
    public async Task ReplayWithAStatusThatHasNoBodySendsNone()
    {
        var (_, retry) = await TwiceAsync("as-204");

        Assert.That((retry.Status, retry.Body, retry.Header("Content-Length")), Is.EqualTo((204, "", (string?)null)));
    }

    [Test]
    public async Task ReplayWithAStatusThatHasNoBodySendsNoLengthOfZeroEither()
    {
        var (first, retry) = await TwiceAsync("empty-as-204");

        Assert.That((first.Status, first.Header("Content-Length")), Is.EqualTo((202, "0")));
        Assert.That((retry.Status, retry.Header("Content-Length")), Is.EqualTo((204, (string?)null)));
    }

    [TestCase("many", ExpectedResult = "4")]
    [TestCase("chunked", ExpectedResult = "10")]
    [TestCase("status?code=200", ExpectedResult = "0")]
    [TestCase("status?code=204", ExpectedResult = null)]
    [TestCase("status?code=304", ExpectedResult = null)]
    public async Task<string?> LengthIsExact(string action)
    {
        var (first, retry) = await TwiceAsync(action);

        Assert.That(retry.Header("Content-Length"), Is.EqualTo(first.Header("Content-Length")));
        Assert.That((first.Header("Transfer-Encoding"), retry.Header("Transfer-Encoding")), Is.EqualTo(((string?)null, (string?)null)));
        return first.Header("Content-Length");
    }

    private async Task<(Answer First, Answer Retry)> TwiceAsync(string action)
    {
        var key = $"{TestContext.CurrentContext.Test.MethodName}-{action}";
        return (await _app.AskAsync("headers/" + action, key, []), await _app.AskAsync("headers/" + action, key, []));
    }
}

[Route("headers"), Idempotent]
public sealed class KeptHeaderController : ControllerBase
{
    private static readonly Dictionary<string, int> Runs = [];

    internal static int RunsOf(string action) => Runs[action];

    [HttpPost("untouched")]
    public string Untouched() => "text";

    [HttpPost("changed")]
    public void Changed() => Response.Headers["X-Outer"] = "inner";

    [HttpPost("appended")]
    public void Appended() => Response.Headers.Append("X-Outer", "inner");

    [HttpPost("removed")]
    public void Removed() => Response.Headers.Remove("X-Outer");

    [HttpPost("emptied")]
    public void Emptied() => Response.Headers["X-Outer"] = Array.Empty<string>();

    [HttpPost("many")]
    public string Many()
    {
        Response.Headers["X-Many"] = new[] { "b", "a, c", "", "b" };
        return "many";
    }

    [HttpPost("set")]
    public void Set(string name, string value) => Response.Headers[name] = value;

    [HttpPost("marked"), Idempotent("marked")]
    public string Marked() => Count("marked");

    [HttpPost("unmarked"), Idempotent("unmarked")]
    public string Unmarked() => Count("unmarked");

    [HttpPost("as-200"), Idempotent("as-200")]
    public IActionResult As200() => Created("/made", "made");

    [HttpPost("as-204"), Idempotent("as-204")]
    public IActionResult As204() => Created("/made", "made");

    [HttpPost("empty-as-204"), Idempotent("as-204")]
    public void EmptyAs204()
    {
        Response.StatusCode = StatusCodes.Status202Accepted;
        Response.ContentLength = 0;
    }

    [HttpPost("chunked")]
    public async Task Chunked()
    {
        for (var i = 0; i < 10; i++)
        {
            await Response.WriteAsync($"{i}");
            await Response.Body.FlushAsync();
        }
    }

    [HttpPost("status")]
    public IActionResult Status(int code) => StatusCode(code);

    private static string Count(string action)
    {
        Runs[action] = Runs.GetValueOrDefault(action) + 1;
        return action;
    }
}
