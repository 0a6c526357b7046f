using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>
/// Frameworks that serve a batch give each request of it its own <see cref="HttpContext"/>, but may give all of them one service scope.
/// </summary>
internal sealed class BatchTests
{
    [Test]
    public async Task EachRequestOfABatchIsProtectedByItself()
    {
        var bothRun = new Signal();
        await using var app = await Answers.StartAsync(app => app.MapPost("/pay", async (Runs runs) =>
        {
            var run = runs.Next();
            if (run == 2)
                bothRun.Fire();
            await bothRun.WaitAsync();
            return run;
        }).RequireIdempotency());
        using var scope = app.Services.CreateScope();

        await Task.WhenAll(PayAsync(app, scope, "a"), PayAsync(app, scope, "b"));

        Assert.That(await app.AnswerAsync("/pay", "a"), Does.EndWith("replayed"));
        Assert.That(await app.AnswerAsync("/pay", "b"), Does.EndWith("replayed"));
        Assert.That(app.Runs(), Is.EqualTo(2));
    }

    private static async Task PayAsync(TestApp app, IServiceScope scope, string key)
    {
        var endpoint = (RouteEndpoint)app.Services.GetRequiredService<EndpointDataSource>().Endpoints.Single();
        var http = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new MemoryStream()));
        http.SetEndpoint(endpoint);
        http.Request.Method = "POST";
        http.Request.Path = "/pay";
        http.Request.Headers["Idempotency-Key"] = key;

        await endpoint.RequestDelegate!(http);
    }
}
