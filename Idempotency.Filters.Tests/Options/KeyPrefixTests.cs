using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Options;

/// <summary>Applications in one store do not share keys, and the default prefix says whose they are.</summary>
internal sealed class KeyPrefixTests
{
    [Test]
    public async Task TwoApplicationsOnOneStoreDoNotShareKeys()
    {
        var store = new RecordingStore();
        await using var shop = await StartAsync("Shop", store);
        await using var bank = await StartAsync("Bank", store);
        await using var second = await StartAsync("Shop", store);

        Assert.That(await shop.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await bank.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await second.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 replayed"), "instances of one application do");

        Assert.That(bank.Runs(), Is.EqualTo(1));
        Assert.That(second.Runs(), Is.Zero);
        Assert.That(store.Keys[0], Does.StartWith("idempotency:Shop:"));
        Assert.That(store.Keys[1], Does.StartWith("idempotency:Bank:"));
    }

    [TestCase("Shop.Api-2_x", "idempotency:Shop.Api-2_x:")]
    [TestCase("a*b?", "idempotency:a%2Ab%3F:")]
    [TestCase("[a-z]\\", "idempotency:%5Ba-z%5D%5C:")]
    [TestCase("{tag}", "idempotency:%7Btag%7D:")]
    [TestCase("a:b", "idempotency:a%3Ab:")]
    [TestCase("a b\u00e9", "idempotency:a%20b%C3%A9:")]
    [TestCase("a%3Ab", "idempotency:a%253Ab:")]
    public async Task NameCannotMeanMoreInAPattern(string application, string prefix)
    {
        var store = new RecordingStore();
        await using var app = await StartAsync(application, store);

        await app.AnswerAsync("/pay", "k");

        Assert.That(store.Keys.Single(), Does.StartWith(prefix));
    }

    [Test]
    public async Task AdministrationAndHealthCheckUseTheDefaultPrefixToo()
    {
        var store = new RecordingStore();
        await using var app = await StartAsync("Shop", store, services: s => s.AddHealthChecks().AddIdempotency());
        await app.AnswerAsync("/pay", "k");

        var administration = app.Services.GetRequiredService<IIdempotencyAdministration>();
        await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

        Assert.That((await administration.FindAsync(IdempotencyScope.Anonymous, "k"))?.State, Is.EqualTo(FoundKeyState.Completed));
        Assert.That(await administration.ForgetAsync(IdempotencyScope.Anonymous), Is.EqualTo(1));
        Assert.That(store.Keys, Has.Count.EqualTo(2).And.All.StartsWith("idempotency:Shop:"));
    }

    [Test]
    public async Task EmptyPrefixIsNone()
    {
        var store = new RecordingStore();
        await using var app = await StartAsync("Shop", store, prefix: "");

        await app.AnswerAsync("/pay", "k");

        Assert.That(store.Keys.Single(), Does.Not.Contain("Shop").And.Not.StartsWith("idempotency:"));
    }

    [TestCase("Production", true, null, 26, TestName = "A shared store in Production is warned of")]
    [TestCase("Production", false, null, 25, TestName = "The memory of a process is not")]
    [TestCase("Staging", true, null, 25, TestName = "Nor is another environment")]
    [TestCase("Production", true, "idempotency:Shop:", null, TestName = "Nor is a prefix that is set, to the default too")]
    public async Task StartSaysWhatTheDefaultPrefixIs(string environment, bool shared, string? prefix, int? expected)
    {
        await using var app = await StartAsync("Shop", shared ? new RecordingStore() : null, prefix, environment: environment);

        var lines = app.Logs.Lines.Where(line => line.Id.Id is 25 or 26).ToList();
        Assert.That(lines.Select(line => (int?)line.Id.Id), Is.EqualTo(expected is null ? [] : new[] { expected }));
        Assert.That(lines.Select(line => line.Message), Is.All.Contains("'idempotency:Shop:'"));
        Assert.That(lines.Select(line => line.Level), Is.All.EqualTo(expected == 26 ? LogLevel.Warning : LogLevel.Information));
    }

    [TestCase("Production", false, 1, TestName = "The memory of a process in Production is warned of")]
    [TestCase("Production", true, 0, TestName = "A shared store in Production is not")]
    [TestCase("Development", false, 0, TestName = "Nor is the memory of a process in Development")]
    [TestCase("Staging", false, 0, TestName = "Nor is it in another environment")]
    public async Task StartWarnsOfMemoryInProduction(string environment, bool shared, int warnings)
    {
        await using var app = await StartAsync("Shop", shared ? new RecordingStore() : null, environment: environment);

        var lines = app.Logs.Lines.Where(line => line.Id.Id == 28).ToList();
        Assert.That(lines.Select(line => line.Level), Is.EqualTo(Enumerable.Repeat(LogLevel.Warning, warnings)));
    }

    [Test]
    public async Task MemoryThatNoPolicyUsesIsNotWarnedOf()
    {
        await using var app = await TestApp.StartAsync([], s => s.AddIdempotency());

        Assert.That(app.Logs.Lines.Where(line => line.Id.Id == 28), Is.Empty);
    }

    private static Task<TestApp> StartAsync(
        string application,
        IIdempotencyStore? store,
        string? prefix = null,
        Action<IServiceCollection>? services = null,
        string environment = "Production") =>
        TestApp.StartAsync(
            [],
            s =>
            {
                var idempotency = s.AddSingleton<Runs>().AddIdempotency(o => o.KeyPrefix = prefix);
                if (store is not null)
                    idempotency.UseStore((_, _) => store);
                services?.Invoke(s);
            },
            app => app.MapPost("/pay", (Runs runs) => runs.Next()).RequireIdempotency(),
            builder => builder.UseEnvironment(environment, application));
}
