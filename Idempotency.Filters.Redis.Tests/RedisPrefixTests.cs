using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>The default prefix of storage keys in a server that several applications share.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisPrefixTests
{
    [TestCase("Shop.Api", "idempotency:Shop.Api:")]
    [TestCase("a*b [c] {d}", "idempotency:a%2Ab%20%5Bc%5D%20%7Bd%7D:")]
    public async Task UserWhoMayUseOnlyThePrefixOfTheApplicationCanDoEverything(string application, string prefix)
    {
        await using var server = await RedisServer.StartAsync();
        await using var app = await StartAsync(await RestrictedUser.CreateAsync(server, prefix), application);

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(
            (await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status, Is.EqualTo(HealthStatus.Healthy));
        Assert.That(
            await app.Services.GetRequiredService<IIdempotencyAdministration>().ForgetAsync(IdempotencyScope.Anonymous), Is.EqualTo(1));
        Assert.That(await RestrictedUser.RefusalsAsync(server), Is.Empty);
    }

    [Test]
    public async Task TwoApplicationsOnOneServerDoNotShareKeys()
    {
        await using var server = await RedisServer.StartAsync();
        await using var shop = await StartAsync(server.Address, "Shop");
        await using var bank = await StartAsync(server.Address, "Bank");

        Assert.That(await shop.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await bank.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(bank.Runs(), Is.EqualTo(1));
    }

    private static Task<TestApp> StartAsync(string connection, string application) => TestApp.StartAsync(
        [],
        s =>
        {
            s.AddSingleton<Runs>().AddIdempotency().UseRedis(connection);
            s.AddHealthChecks().AddIdempotency();
        },
        app => app.MapPost("/pay", (Runs runs) => runs.Next()).RequireIdempotency(),
        // Not builder.Environment, which is another object than the one of the services.
        builder => builder.Services.Select(service => service.ImplementationInstance).OfType<IHostEnvironment>()
            .ToList().ForEach(environment => environment.ApplicationName = application));
}
