using Idempotency.Filters.Tests.Responses;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Tests.Transactions;

/// <summary>An answer that cannot be held until the commit is refused, and nothing of it is seen, whatever it is sent through.</summary>
internal sealed class HeldAnswerTests
{
    private const int Cap = 1000;

    private static readonly Dictionary<string, Func<HttpContext, Task>> Ways = new()
    {
        ["too-large"] = http => http.Response.WriteAsync(new string('x', Cap + 1)),
        ["too-large-in-parts"] = async http =>
        {
            for (var i = 0; i <= Cap; i += 100)
                await http.Response.WriteAsync(new string('x', 100));
        },
        ["not-flushed"] = http =>
        {
            http.Response.BodyWriter.GetSpan(Cap + 1)[..(Cap + 1)].Fill((byte)'x');
            http.Response.BodyWriter.Advance(Cap + 1);
            return Task.CompletedTask;
        },
        ["unbuffered"] = async http =>
        {
            http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
            await http.Response.WriteAsync("x");
            await http.Response.Body.FlushAsync();
        },
        ["events"] = http =>
        {
            http.Response.ContentType = "text/event-stream";
            return http.Response.WriteAsync("data: x\n\n");
        },
        ["swallowed"] = async http =>
        {
            try
            {
                await http.Response.WriteAsync(new string('x', Cap + 1));
            }
            catch (InvalidOperationException)
            {
                http.Response.StatusCode = StatusCodes.Status202Accepted;
            }

            try
            {
                await http.Response.WriteAsync("x");
            }
            catch (InvalidOperationException)
            {
                // An action that goes on whatever happens.
            }
        },
    };

    [Test]
    public async Task AnswerThatCannotBeHeldIsRolledBackAndNothingOfItIsSeen([Values] ServerKind kind)
    {
        var (store, runs) = (new TransactionalStore(), 0);
        await using var twin = await ServerTwin.StartAsync(
            kind,
            endpoints =>
            {
                foreach (var (name, way) in Ways)
                {
                    endpoints.MapPost(name, async (HttpContext http) =>
                    {
                        Interlocked.Increment(ref runs);
                        http.Response.StatusCode = StatusCodes.Status201Created;
                        http.Response.Headers["X-Own"] = "1";
                        http.Response.Headers.ETag = "\"1\"";
                        await way(http);
                    });
                }
            },
            options => (options.Transactional, options.MaxResponseBodySize) = (true, Cap),
            store: store);

        Assert.Multiple(async () =>
        {
            foreach (var name in Ways.Keys)
            {
                store.ForgetCalls();
                var answer = await twin.AskCoveredAsync(name);

                Assert.That((answer.Status, answer.Code), Is.EqualTo((500, "rolled-back")), $"{name}: {answer}");
                Assert.That(answer.Header("Content-Type"), Is.EqualTo("application/problem+json"), name);
                Assert.That(answer.Body, Does.Contain("MaxResponseBodySize").And.Not.Contain("xxx").And.Not.Contain("data:"), name);
                Assert.That((answer.Header("X-Own"), answer.Header("ETag")), Is.EqualTo(((string?)null, (string?)null)), name);
                Assert.That(store.Calls, Does.StartWith("claim begin ran dispose"), name);
            }
        });
        Assert.That(runs, Is.EqualTo(Ways.Count));
    }

    [TestCase("mvc")]
    [TestCase("endpoint")]
    public async Task ReasonIsTheSameAtBothHosts(string host)
    {
        await using var app = await TransactionalApp.StartAsync(
            (http, _) => Ways["too-large"](http), o => o.MaxResponseBodySize = Cap);

        using var first = await app.PostAsync(host);

        var problem = await first.IsProblemAsync(500, "rolled-back");
        Assert.That(problem.GetProperty("detail").GetString(), Does.StartWith("Nothing of the operation stands: the response is larger"));
        Assert.That(app.Thrown, Is.Empty);
    }
}
