using System.Buffers;
using System.Text;
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

    [Test]
    public async Task SubRequestsAtTheSameTimeInOneScopeEachSeeTheirOwnRepeat()
    {
        var allRun = new Signal();
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/pay", [IdempotencyManual] async (HttpContext http, Runs runs, EarlyService service) =>
            {
                if (runs.Next() == 5)
                    allRun.Fire();
                if (runs.Count > 2)
                    await allRun.WaitAsync();
                var idempotency = service.Idempotency;
                var earlier = idempotency.Response is { } response ? Encoding.UTF8.GetString(response.Body.ToArray()) : "nothing";
                var answer = $"{idempotency.Key} repeat={idempotency.IsRepeat} earlier={earlier}";
                if (!idempotency.IsRepeat)
                    idempotency.Keep();
                return answer;
            }).RequireIdempotency(),
            s => s.AddScoped<EarlyService>());
        await app.AnswerAsync("/pay", "a");
        await app.AnswerAsync("/pay", "b");
        using var scope = app.Services.CreateScope();
        // Made before any of the requests, and so by none of them.
        scope.ServiceProvider.GetRequiredService<EarlyService>();

        var answers = await Task.WhenAll(PayAsync(app, scope, "a"), PayAsync(app, scope, "b"), PayAsync(app, scope, "c"));

        Assert.That(answers, Is.EqualTo(
        [
            "a repeat=True earlier=a repeat=False earlier=nothing",
            "b repeat=True earlier=b repeat=False earlier=nothing",
            "c repeat=False earlier=nothing",
        ]));
    }

    [Test]
    public async Task RequestThatIsNotCoveredSeesNoKeyOfAnotherInItsScope([Values] bool whileTheOtherRuns)
    {
        var (entered, leave) = (new Signal(), new Signal());
        await using var app = await Answers.StartAsync(pipeline =>
        {
            pipeline.MapPost("/pay", async (IIdempotencyContext idempotency) =>
            {
                entered.Fire();
                await leave.WaitAsync();
                return idempotency.Key;
            }).RequireIdempotency();
            pipeline.MapPost("/free", (IIdempotencyContext idempotency) => $"key={idempotency.Key}");
        });
        using var scope = app.Services.CreateScope();

        var paying = PayAsync(app, scope, "a");
        await entered.WaitAsync();
        if (!whileTheOtherRuns)
        {
            leave.Fire();
            await paying;
        }

        Assert.That(await SendAsync(app, scope.ServiceProvider, "/free", "b", new FeatureCollection()), Is.EqualTo("key="));
        leave.Fire();
        Assert.That(await paying, Is.EqualTo("a"));
    }

    /// <summary>Frameworks tell the accessor of the request that they serve now.</summary>
    [Test]
    public async Task RequestThatIsNotCoveredSeesNoKeyOfTheActionThatSendsIt()
    {
        TestApp? app = null;
        await using var started = app = await Answers.StartAsync(
            pipeline =>
            {
                pipeline.MapPost("/free", (IIdempotencyContext idempotency) => $"key={idempotency.Key}");
                pipeline.MapPost("/parent", async (HttpContext http, IIdempotencyContext idempotency) =>
                {
                    var answer = await SendAsync(app!, http.RequestServices, "/free", "child", new FeatureCollection(http.Features));
                    return $"{answer} parent={idempotency.Key}";
                }).RequireIdempotency();
            },
            s => s.AddHttpContextAccessor());

        Assert.That(await app.AnswerAsync("/parent", "k"), Is.EqualTo("200 key= parent=k"));
    }

    [Test]
    public async Task OtherServicesOfTheRequestChangeNothing()
    {
        await using var app = await Answers.StartAsync(pipeline =>
        {
            var pay = pipeline.MapPost("/pay", (Runs runs, HttpContext http) =>
            {
                runs.Next();
                http.RequestServices.GetRequiredService<IIdempotencyContext>().KeepFor(TimeSpan.FromDays(3));
                return http.RequestServices.GetRequiredService<IIdempotencyContext>().Key;
            });
            pay.RequireIdempotency();
            pay.AddEndpointFilter(async (invocation, next) =>
            {
                await using var other = pipeline.Services.CreateAsyncScope();
                invocation.HttpContext.RequestServices = other.ServiceProvider;
                return await next(invocation);
            });
        });

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 k"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 k replayed"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    private static Task<string> PayAsync(TestApp app, IServiceScope scope, string key) =>
        PayAsync(app, scope.ServiceProvider, key, new FeatureCollection());

    private static Task<string> PayAsync(TestApp app, IServiceProvider services, string key, FeatureCollection features) =>
        SendAsync(app, services, "/pay", key, features);

    private static async Task<string> SendAsync(
        TestApp app, IServiceProvider services, string path, string key, FeatureCollection features)
    {
        var endpoint = app.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .OfType<RouteEndpoint>().Single(endpoint => endpoint.RoutePattern.RawText == path);
        var body = new MemoryStream();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
        var http = new DefaultHttpContext(features) { RequestServices = services };
        http.SetEndpoint(endpoint);
        http.Request.Method = "POST";
        http.Request.Path = path;
        http.Request.Headers["Idempotency-Key"] = key;
        if (services.GetService<IHttpContextAccessor>() is { } accessor)
            accessor.HttpContext = http;

        await endpoint.RequestDelegate!(http);
        await http.Response.BodyWriter.FlushAsync();
        return Encoding.UTF8.GetString(body.ToArray());
    }
}

public sealed class EarlyService(IIdempotencyContext idempotency)
{
    public IIdempotencyContext Idempotency => idempotency;
}
