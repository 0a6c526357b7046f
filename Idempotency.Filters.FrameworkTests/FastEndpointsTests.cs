using System.Net.Http.Json;
using FastEndpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.FrameworkTests;

internal sealed class FastEndpointsTests
{
    [TestCase("/fast", TestName = "FastEndpoints: an answer of the framework is sent once and replayed")]
    [TestCase("/fast/by-hand", TestName = "FastEndpoints: an answer written by hand is sent once and replayed")]
    public async Task AnswerIsSentOnceAndReplayed(string path)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(path, "k", Pay(1)), Is.EqualTo("200 run 1"));
        Assert.That(await app.AnswerAsync(path, "k", Pay(1)), Is.EqualTo("200 run 1 replayed"));
        Assert.That(await app.AnswerAsync(path, "k", Pay(2)), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync(path, null, Pay(1)), Is.EqualTo("400 key-missing"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    internal static JsonContent Pay(int amount) => JsonContent.Create(new { amount });

    internal static Task<TestApp> StartAsync() => Answers.StartAsync(
        app => app.UseFastEndpoints(),
        services => services.AddFastEndpoints(options =>
        {
            options.DisableAutoDiscovery = true;
            options.Assemblies = [typeof(FastEndpointsTests).Assembly];
            options.Filter = type => !type.IsAssignableTo(typeof(MarkerFastEndpoint));
        }));
}

public sealed record FastPayment(int Amount);

public sealed class FastEndpoint(Runs runs) : Endpoint<FastPayment>
{
    public override void Configure()
    {
        Post("/fast");
        AllowAnonymous();
        Options(endpoint => endpoint.RequireIdempotency());
    }

    public override Task HandleAsync(FastPayment req, CancellationToken ct)
    {
        if (req.Amount == 0)
            ThrowError(payment => payment.Amount, "There is nothing to pay.");
        return Send.StringAsync($"run {runs.Next()}", cancellation: ct);
    }
}

public sealed class FastEndpointByHand(Runs runs) : Endpoint<FastPayment>
{
    public override void Configure()
    {
        Post("/fast/by-hand");
        AllowAnonymous();
        Options(endpoint => endpoint.RequireIdempotency());
    }

    public override async Task HandleAsync(FastPayment req, CancellationToken ct)
    {
        await HttpContext.Response.WriteAsync("run ", ct);
        await HttpContext.Response.WriteAsync($"{runs.Next()}", ct);
    }
}
