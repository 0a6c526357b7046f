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
        await server.ExecuteAsync(
            "ACL", "SETUSER", "default", "resetkeys", "resetchannels", $"~{prefix}*", $"&{prefix}*", "-@all",
            "+evalsha", "+eval", "+script|load", "+get", "+getrange", "+set", "+setrange", "+del", "+pttl", "+pexpire", "+time", "+publish",
            "+info", "+subscribe", "+unsubscribe", "+scan", "+ping", "+echo", "+client", "+hello", "+acl");
        await using var app = await StartAsync(server, application);

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(
            (await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status, Is.EqualTo(HealthStatus.Healthy));
        Assert.That(
            await app.Services.GetRequiredService<IIdempotencyAdministration>().ForgetAsync(IdempotencyScope.Anonymous), Is.EqualTo(1));
    }

    [Test]
    public async Task TwoApplicationsOnOneServerDoNotShareKeys()
    {
        await using var server = await RedisServer.StartAsync();
        await using var shop = await StartAsync(server, "Shop");
        await using var bank = await StartAsync(server, "Bank");

        Assert.That(await shop.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await bank.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(bank.Runs(), Is.EqualTo(1));
    }

    private static Task<TestApp> StartAsync(RedisServer server, string application) => TestApp.StartAsync(
        [],
        s =>
        {
            s.AddSingleton<Runs>().AddIdempotency().UseRedis(server.Address);
            s.AddHealthChecks().AddIdempotency();
        },
        app => app.MapPost("/pay", (Runs runs) => runs.Next()).RequireIdempotency(),
        // Not builder.Environment, which is another object than the one of the services.
        builder => builder.Services.Select(service => service.ImplementationInstance).OfType<IHostEnvironment>()
            .ToList().ForEach(environment => environment.ApplicationName = application));
}
