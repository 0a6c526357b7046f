using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>A covered endpoint never runs without its protection in silence, unless it is an error page.</summary>
internal sealed class UnprotectedTests
{
    [Test]
    public async Task CoveredEndpointAfterAnotherRunsWithAWarning()
    {
        await using var app = await Answers.StartAsync(pipeline =>
        {
            pipeline.Use(async (http, next) =>
            {
                await next(http);
                http.Request.Path = "/fee";
                http.SetEndpoint(null);
                await next(http);
            });
            pipeline.UseRouting();
            pipeline.MapPost("/pay", (Runs runs) => Count(runs)).RequireIdempotency();
            pipeline.MapPost("/fee", (Runs runs) => Count(runs)).RequireIdempotency();
        });

        await app.AnswerAsync("/pay", "k");
        await app.FinishAsync();

        Assert.That(app.Runs(), Is.EqualTo(2));
        Assert.That(Warnings(app), Is.EqualTo(1));
        Assert.That(app.Logs.Lines, Has.Some.Matches<LogLine>(line => line.Id.Id == 33 && line.Message.Contains("/fee")));
    }

    [Test]
    public async Task EndpointAfterACoveredOneSeesNothingOfIt()
    {
        string? seen = null;
        await using var app = await Answers.StartAsync(
            [],
            s => s.AddHttpContextAccessor(),
            pipeline =>
            {
                pipeline.Use(async (http, next) =>
                {
                    await next(http);
                    http.Request.Path = "/fee";
                    http.SetEndpoint(null);
                    await next(http);
                });
                pipeline.UseRouting();
                pipeline.MapPost("/pay", (Runs runs) => Count(runs)).RequireIdempotency();
                pipeline.MapPost("/fee", (IIdempotencyContext idempotency) => { seen = $"key={idempotency.Key}"; });
            });

        await app.AnswerAsync("/pay", "k");
        await app.FinishAsync();

        Assert.That(seen, Is.EqualTo("key="));
    }

    [Test]
    public async Task CoveredEndpointInsideOneWithoutAKeyRunsWithAWarning()
    {
        await using var app = await StartNestedAsync();

        await app.AnswerAsync("/outer", null);

        Assert.That(Warnings(app), Is.EqualTo(1));
    }

    [Test]
    public async Task CoveredEndpointInsideAnotherIsProtectedWithIt()
    {
        await using var app = await StartNestedAsync();

        await app.AnswerAsync("/outer", "k");
        await app.AnswerAsync("/outer", "k");

        Assert.That(app.Runs(), Is.EqualTo(1));
        Assert.That(Warnings(app), Is.Zero);
    }

    [Test]
    public async Task ErrorPageIsNoUnprotectedEndpoint()
    {
        await using var app = await Answers.StartAsync(pipeline =>
        {
            // A Minimal API endpoint with a filter does not run where the status is 400 or more already.
            pipeline.UseExceptionHandler(new ExceptionHandlerOptions
            {
                ExceptionHandlingPath = "/error",
                StatusCodeSelector = _ => StatusCodes.Status200OK,
            });
            pipeline.UseRouting();
            pipeline.MapPost("/pay", IResult () => throw new InvalidOperationException()).RequireIdempotency();
            pipeline.MapPost("/error", () => Results.Conflict()).RequireIdempotency();
        });

        Assert.That(await app.AnswerAsync("/pay", "k"), Does.StartWith("409"));
        Assert.That(Warnings(app), Is.Zero);
    }

    /// <summary>The error handler leaves its mark on the request. The second attempt is no error page all the same.</summary>
    [Test]
    public async Task EndpointThatRunsOnceMoreAfterAnErrorPageIsProtected()
    {
        await using var app = await Answers.StartAsync(pipeline =>
        {
            pipeline.Use(async (http, next) =>
            {
                await next(http);
                if (http.Response.StatusCode != StatusCodes.Status418ImATeapot)
                    return;

                http.Response.Clear();
                http.SetEndpoint(null);
                await next(http);
            });
            pipeline.UseExceptionHandler(new ExceptionHandlerOptions
            {
                ExceptionHandler = http =>
                {
                    http.Response.StatusCode = StatusCodes.Status418ImATeapot;
                    return Task.CompletedTask;
                },
            });
            pipeline.UseRouting();
            pipeline.MapPost("/pay", (Runs runs) => runs.Next() == 1 ? throw new InvalidOperationException() : $"{runs.Count}")
                .RequireIdempotency();
        });

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2 replayed"));
        Assert.That(await app.AnswerAsync("/pay", null), Is.EqualTo("400 key-missing"));
    }

    private static Task<TestApp> StartNestedAsync() => Answers.StartAsync(pipeline =>
    {
        pipeline.UseRouting();
        pipeline.MapPost("/inner", (Runs runs) => Count(runs)).RequireIdempotency();
        pipeline.MapPost("/outer", [Idempotent(KeyRequired = false)] async Task<IResult> (HttpContext http) =>
        {
            var inner = ((IEndpointRouteBuilder)pipeline).DataSources.SelectMany(source => source.Endpoints)
                .Single(endpoint => endpoint.DisplayName!.Contains("/inner", StringComparison.Ordinal));
            http.SetEndpoint(inner);
            await inner.RequestDelegate!(http);
            return Results.Empty;
        }).RequireIdempotency();
    });

    private static int Count(Runs runs) => runs.Next();

    private static int Warnings(TestApp app) => app.Logs.Lines.Count(line => line.Id.Id == 33 && line.Level is LogLevel.Warning);
}
