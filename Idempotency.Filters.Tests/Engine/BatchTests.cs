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
        await using var app = await Answers.StartAsync(app => app.MapPost("/pay", async (Runs runs, IIdempotencyContext idempotency) =>
        {
            if (runs.Next() == 2)
                bothRun.Fire();
            await bothRun.WaitAsync();
            return idempotency.Key;
        }).RequireIdempotency());
        using var scope = app.Services.CreateScope();

        await Task.WhenAll(PayAsync(app, scope, "a"), PayAsync(app, scope, "b"));

        Assert.That(await app.AnswerAsync("/pay", "a"), Is.EqualTo("200 a replayed"));
        Assert.That(await app.AnswerAsync("/pay", "b"), Is.EqualTo("200 b replayed"));
        Assert.That(app.Runs(), Is.EqualTo(2));
    }

    /// <summary>A covered action sends a covered request on, which inherits its features and shares its services.</summary>
    [Test]
    public async Task SubRequestIsProtectedByItselfAndDoesNotTouchItsParent()
    {
        TestApp? app = null;
        await using var started = app = await Answers.StartAsync(pipeline =>
        {
            pipeline.MapPost("/pay", (Runs runs, IIdempotencyContext idempotency) =>
            {
                runs.Next();
                idempotency.Keep();
                return idempotency.Key;
            }).RequireIdempotency();
            pipeline.MapPost("/parent", async (HttpContext http, IIdempotencyContext idempotency) =>
            {
                await PayAsync(app!, http.RequestServices, "child", new FeatureCollection(http.Features));
                idempotency.Keep();
                return idempotency.Key;
            }).RequireIdempotency();
        });

        Assert.That(await app.AnswerAsync("/parent", "parent"), Is.EqualTo("200 parent"));

        Assert.That(await app.AnswerAsync("/pay", "child"), Is.EqualTo("200 child replayed"));
        Assert.That(await app.AnswerAsync("/parent", "parent"), Is.EqualTo("200 parent replayed"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    private static Task PayAsync(TestApp app, IServiceScope scope, string key) =>
        PayAsync(app, scope.ServiceProvider, key, new FeatureCollection());

    private static async Task PayAsync(TestApp app, IServiceProvider services, string key, FeatureCollection features)
    {
        var endpoint = app.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .OfType<RouteEndpoint>().Single(endpoint => endpoint.RoutePattern.RawText == "/pay");
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new MemoryStream()));
        var http = new DefaultHttpContext(features) { RequestServices = services };
        http.SetEndpoint(endpoint);
        http.Request.Method = "POST";
        http.Request.Path = "/pay";
        http.Request.Headers["Idempotency-Key"] = key;

        await endpoint.RequestDelegate!(http);
    }
}
