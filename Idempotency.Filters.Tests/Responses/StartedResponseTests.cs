using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>
/// A held response looks started as soon as the server's own would have, so that frameworks take the branch that they were written for.
/// </summary>
[TestFixture(ServerKind.Http1)]
[TestFixture(ServerKind.Http2)]
[TestFixture(ServerKind.TestServer)]
[TestFixture(ServerKind.Buffered)]
[TestFixture(ServerKind.Compressed)]
internal sealed class StartedResponseTests(ServerKind kind)
{
    private const int Cap = 1000;

    private readonly Runs _runs = new();
    private ServerTwin _twin = null!;

    [OneTimeSetUp]
    public async Task Start() => _twin = await ServerTwin.StartAsync(kind, Map, options => options.MaxResponseBodySize = Cap);

    [OneTimeTearDown]
    public async Task Stop() => await _twin.DisposeAsync();

    [TestCase("nothing-yet")]
    [TestCase("unflushed")]
    [TestCase("written")]
    [TestCase("written-nothing")]
    [TestCase("flushed")]
    [TestCase("started")]
    [TestCase("completed")]
    [TestCase("status-when-not-started")]
    [TestCase("status")]
    [TestCase("reason")]
    [TestCase("callback")]
    [TestCase("cleared")]
    [TestCase("in-callback")]
    public async Task HandlerSeesWhatItWouldSeeOnTheServer(string path)
    {
        var (bare, first, retry) = await _twin.AskAsync(path);

        Twin.AssertUntouchedAndReplayed(bare, first, retry);
    }

    [Test]
    public async Task CallbacksOfAnOverflowSeeAResponseThatHasNotStarted()
    {
        var (bare, first, retry) = await _twin.AskAsync("overflow");

        Assert.That(first.Content(), Is.EqualTo(bare.Content()));
        Assert.That(retry.Code, Is.EqualTo("not-replayable"));
    }

    [Test]
    public async Task FailureAfterAPartIsACleanErrorAndTheKeyIsFree()
    {
        var first = await _twin.AskCoveredAsync("fails");
        var retry = await _twin.AskCoveredAsync("fails");

        Assert.That(first.Body, Does.EndWith(kind is ServerKind.Buffered ? "mapped 1" : "failed 1"));
        Assert.That(retry.Body, Does.EndWith(kind is ServerKind.Buffered ? "mapped 2" : "failed 2"));
        Assert.That((first.Body + retry.Body).Contains("part", StringComparison.Ordinal), Is.False);
        Assert.That((first.Status, retry.Status), Is.EqualTo((500, 500)));
    }

    private void Map(RouteGroupBuilder app)
    {
        app.MapPost("nothing-yet", Tell(_ => Task.CompletedTask));
        app.MapPost("unflushed", Tell(response =>
        {
            response.BodyWriter.GetSpan(4)[..4].Fill((byte)'u');
            response.BodyWriter.Advance(4);
            return Task.CompletedTask;
        }));
        app.MapPost("written", Tell(response => response.WriteAsync("text ")));
        app.MapPost("written-nothing", Tell(response => response.Body.WriteAsync(ReadOnlyMemory<byte>.Empty).AsTask()));
        app.MapPost("flushed", Tell(response => response.Body.FlushAsync()));
        app.MapPost("started", Tell(response => response.StartAsync()));
        app.MapPost("completed", http => http.Response.CompleteAsync());
        app.MapPost("status-when-not-started", async http =>
        {
            await http.Response.WriteAsync("hello");
            if (!http.Response.HasStarted)
                http.Response.StatusCode = StatusCodes.Status202Accepted;
        });
        app.MapPost("status", Try(response => response.StatusCode = StatusCodes.Status202Accepted));
        app.MapPost("reason", Try(response =>
            response.HttpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = "Because"));
        app.MapPost("callback", Try(response => response.OnStarting(() => Task.CompletedTask)));
        app.MapPost("cleared", Try(response => response.Clear()));
        app.MapPost("in-callback", http =>
        {
            Note(http);
            return http.Response.WriteAsync("text");
        });
        app.MapPost("overflow", async http =>
        {
            Note(http);
            await http.Response.WriteAsync("text");
            await http.Response.WriteAsync(new string('o', Cap));
            await http.Response.WriteAsync($" {http.Response.HasStarted}");
        });
        app.MapPost("fails", async http =>
        {
            var run = _runs.Next();
            try
            {
                await http.Response.WriteAsync("part");
                throw new InvalidOperationException($"failed {run}");
            }
            catch (InvalidOperationException) when (!http.Response.HasStarted)
            {
                http.Response.Clear();
                http.Response.StatusCode = StatusCodes.Status500InternalServerError;
                await http.Response.WriteAsync($"mapped {run}");
            }
        });
    }

    /// <summary>Does something to the response, and then writes whether it has started.</summary>
    private static RequestDelegate Tell(Func<HttpResponse, Task> act) => async http =>
    {
        await act(http.Response);
        await http.Response.WriteAsync($"{http.Response.HasStarted}");
    };

    /// <summary>Does something to a response that has been written to, and then writes how that went.</summary>
    private static RequestDelegate Try(Action<HttpResponse> act) => async http =>
    {
        await http.Response.WriteAsync("text ");
        try
        {
            act(http.Response);
            await http.Response.WriteAsync("done");
        }
        catch (InvalidOperationException)
        {
            await http.Response.WriteAsync("refused");
        }
    };

    private static void Note(HttpContext http) => http.Response.OnStarting(() =>
    {
        http.Response.Headers["X-Started"] = $"{http.Response.HasStarted}";
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        return Task.CompletedTask;
    });
}
