using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Wolverine;
using Wolverine.Http;

namespace Idempotency.Filters.FrameworkTests;

internal sealed class WolverineTests
{
    [TestCase("/wolverine", TestName = "Wolverine: an answer of the framework is sent once and replayed")]
    [TestCase("/wolverine/by-hand", TestName = "Wolverine: an answer written by hand is sent once and replayed")]
    public async Task AnswerIsSentOnceAndReplayed(string path)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(path, "k", Pay(1)), Is.EqualTo("200 run 1"));
        Assert.That(await app.AnswerAsync(path, "k", Pay(1)), Is.EqualTo("200 run 1 replayed"));
        Assert.That(await app.AnswerAsync(path, "k", Pay(2)), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync(path, null, Pay(1)), Is.EqualTo("400 key-missing"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [Test]
    public async Task EndpointsInACoveredGroupAreCovered()
    {
        await using var app = await StartAsync(asGroup: true);

        Assert.That(await app.AnswerAsync("/wolverine", "k", Pay(1)), Is.EqualTo("200 run 1"));
        Assert.That(await app.AnswerAsync("/wolverine", "k", Pay(1)), Is.EqualTo("200 run 1 replayed"));
    }

    internal static JsonContent Pay(int amount) => JsonContent.Create(new { amount });

    internal static Task<TestApp> StartAsync(bool asGroup = false) => TestApp.StartAsync(
        [],
        services =>
        {
            services.AddSingleton<Runs>();
            services.AddIdempotency();
            services.AddWolverineHttp();
        },
        app =>
        {
            if (asGroup)
                app.MapGroup("").RequireIdempotency().MapWolverineEndpoints();
            else
                app.MapWolverineEndpoints(options => options.ConfigureEndpoints(chain => chain.Metadata.RequireIdempotency()));
        },
        builder => builder.Host.UseWolverine(options =>
        {
            options.ApplicationAssembly = typeof(WolverineTests).Assembly;
            options.Durability.Mode = DurabilityMode.MediatorOnly;
            options.UseRuntimeCompilation();
        }));
}

public sealed record WolverinePayment(int Amount);

public static class WolverinePaymentEndpoint
{
    public static ProblemDetails Validate(WolverinePayment payment) =>
        payment.Amount == 0 ? new ProblemDetails { Status = 400, Title = "There is nothing to pay." } : WolverineContinue.NoProblems;

    [WolverinePost("/wolverine")]
    public static string Pay(WolverinePayment payment, Runs runs) => $"run {runs.Next()}";
}

public static class WolverineByHandEndpoint
{
    [WolverinePost("/wolverine/by-hand")]
    public static async Task Pay(WolverinePayment payment, HttpContext http, Runs runs)
    {
        await http.Response.WriteAsync("run ");
        await http.Response.WriteAsync($"{runs.Next()}");
    }
}
