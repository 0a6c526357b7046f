using System.Net;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Moq;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>The check reports whether a first request could use its store.</summary>
internal sealed class HealthCheckTests
{
    [Test]
    public async Task StoresThatWorkAreHealthy()
    {
        await using var app = await StartAsync(s => s.AddIdempotency().AddStore("eu", eu => eu.UseMemory()));

        using var response = await app.Client.GetAsync("/health");
        var entry = await EntryAsync(app);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await response.TextAsync(), Is.EqualTo("Healthy"));
        Assert.That(entry.Data.Keys, Is.EquivalentTo(["(default)", "eu"]));
    }

    [Test]
    public async Task StoreThatFailsIsUnhealthyWithItsException()
    {
        var failure = new TimeoutException("no answer from eu");
        await using var app = await StartAsync(s => s.AddIdempotency().AddStore("eu", eu => eu.UseStore((_, _) => Failing(failure))));

        using var response = await app.Client.GetAsync("/health");
        var entry = await EntryAsync(app);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(entry.Status, Is.EqualTo(HealthStatus.Unhealthy));
        Assert.That(entry.Exception, Is.SameAs(failure));
        Assert.That(entry.Description, Does.Contain("eu").And.Not.Contain("(default)"));
        Assert.That(entry.Data["eu"], Is.EqualTo("no answer from eu"));
        Assert.That(entry.Data["(default)"], Is.Not.EqualTo("no answer from eu"));
    }

    [Test]
    public async Task EachStoreThatFailsIsNamed()
    {
        await using var app = await StartAsync(s => s.AddIdempotency()
            .UseStore((_, _) => Failing(new TimeoutException("one")))
            .Services.AddIdempotency().AddStore("eu", eu => eu.UseStore((_, _) => Failing(new TimeoutException("two")))));

        var entry = await EntryAsync(app);

        Assert.That(entry.Exception, Is.InstanceOf<AggregateException>());
        Assert.That(entry.Description, Does.Contain("(default), eu"));
    }

    [Test]
    public async Task StoreThatCannotBeMadeIsUnhealthy()
    {
        await using var app = await StartAsync(
            s => s.AddIdempotency().AddStore("eu", eu => eu.UseStore((_, _) => throw new TimeoutException("not there"))));

        Assert.That((await EntryAsync(app)).Data["eu"], Is.EqualTo("not there"));
    }

    [Test]
    public async Task ProbeClaimsAKeyUnderThePrefixAndGivesItUp()
    {
        var store = new FaultyStore();
        var (callers, keys) = (new List<string>(), new List<string>());
        var encoder = new Mock<IIdempotencyKeyEncoder>();
        encoder.Setup(e => e.Encode("mine:", It.IsAny<string>(), It.IsAny<string>()))
            .Returns((string prefix, string _, string key) => new StorageKey(prefix + key, prefix.Length))
            .Callback((string _, string scope, string key) =>
            {
                callers.Add(scope);
                keys.Add(key);
            });
        await using var app = await StartAsync(
            s => s.AddSingleton(encoder.Object).AddIdempotency(o => o.KeyPrefix = "mine:").UseStore((_, _) => store));

        Assert.That((await EntryAsync(app)).Status, Is.EqualTo(HealthStatus.Healthy));
        Assert.That((await EntryAsync(app)).Status, Is.EqualTo(HealthStatus.Healthy));

        Assert.That(store.Released, Is.EqualTo(2));
        Assert.That(keys, Is.Unique.And.Count.EqualTo(2));
        Assert.That(callers, Is.Unique, "what one caller may have is not for all probes together");
    }

    [Test]
    public async Task StoreThatCannotReleaseIsUnhealthy()
    {
        var store = new FaultyStore { OnRelease = () => throw new TimeoutException("not released") };
        await using var app = await StartAsync(s => s.AddIdempotency().UseStore((_, _) => store));

        Assert.That((await EntryAsync(app)).Data["(default)"], Is.EqualTo("not released"));
    }

    [Test]
    public async Task FullStoreIsUnhealthy()
    {
        await using var app = await StartAsync(
            s => s.AddIdempotency().UseMemory(memory => memory.MaxEntries = 1),
            app => app.MapPost("/orders", () => "kept").RequireIdempotency());
        using var kept = await app.PostAsync("/orders", "k");

        Assert.That((await EntryAsync(app)).Exception, Is.TypeOf<IdempotencyStoreFullException>());
    }

    [Test]
    public async Task StoreThatAnswersWhatCannotBeIsUnhealthy()
    {
        await using var app = await StartAsync(
            s => s.AddIdempotency().UseStore((_, _) => new FaultyStore { OnClaim = () => ClaimResult.InFlight }));

        Assert.That((await EntryAsync(app)).Data["(default)"], Does.Contain("InFlight"));
    }

    [Test]
    public async Task StoreThatHangsIsUnhealthyAfterTheTimeout()
    {
        var store = new Mock<IIdempotencyStore>();
        store.Setup(s => s.ClaimAsync(It.IsAny<StorageKey>(), It.IsAny<ClaimOptions>(), It.IsAny<CancellationToken>()))
            .Returns(async (string _, ClaimOptions _, CancellationToken gaveUp) =>
            {
                await Task.Delay(Timeout.Infinite, gaveUp);
                return default;
            });
        await using var app = await StartAsync(
            s => s.AddIdempotency().UseStore((_, _) => store.Object),
            check: checks => checks.AddIdempotency(timeout: TimeSpan.FromMilliseconds(20)));

        Assert.That((await EntryAsync(app).Soon()).Status, Is.EqualTo(HealthStatus.Unhealthy));
    }

    [Test]
    public async Task NameStatusAndTagsAreThoseThatWereGiven()
    {
        await using var app = await StartAsync(
            s => s.AddIdempotency().UseStore((_, _) => Failing(new TimeoutException())),
            check: checks => checks.AddIdempotency("keys", HealthStatus.Degraded, ["ready"]));

        var entry = await EntryAsync(app, "keys");

        Assert.That(entry.Status, Is.EqualTo(HealthStatus.Degraded));
        Assert.That(entry.Tags, Is.EqualTo(["ready"]));
    }

    [Test]
    public void CheckWithoutIdempotencyFailsAtStart() => Assert.That(
        async () => await StartAsync(_ => { }), Throws.TypeOf<OptionsValidationException>().With.Message.Contains("AddIdempotency()"));

    private static FaultyStore Failing(Exception failure) => new FaultyStore { OnClaim = () => throw failure };

    private static async Task<HealthReportEntry> EntryAsync(TestApp app, string name = "idempotency") =>
        (await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries[name];

    private static Task<TestApp> StartAsync(
        Action<IServiceCollection> services,
        Action<WebApplication>? pipeline = null,
        Func<IHealthChecksBuilder, IHealthChecksBuilder>? check = null) =>
        TestApp.StartAsync(
            [],
            s =>
            {
                services(s);
                _ = check is null ? s.AddHealthChecks().AddIdempotency() : check(s.AddHealthChecks());
            },
            app =>
            {
                app.MapHealthChecks("/health");
                pipeline?.Invoke(app);
            });
}
