using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>Errors and warnings at start, and which cache and lock each store gets.</summary>
internal sealed class CacheStartTests
{
    [Test]
    public void ApplicationWithoutACacheDoesNotStart() => AssertFails(
        s => s.AddIdempotency().UseDistributedCache(),
        "found no IDistributedCache", "AddStackExchangeRedisCache", "AddDistributedMemoryCache");

    [Test]
    public void ApplicationWithoutTheNamedCacheDoesNotStart() => AssertFails(
        s => s.AddDistributedMemoryCache().AddIdempotency().UseDistributedCache(o => o.CacheKey = "eu"), "service key 'eu'", "CacheKey");

    [Test]
    public void NamedStoreWithoutItsCacheDoesNotStart() => AssertFails(
        s => s.AddIdempotency().AddStore("eu", store => store.UseDistributedCache(o => o.CacheKey = "of eu")),
        "The store 'eu': UseDistributedCache() found no", "service key 'of eu'");

    [TestCase(0.0)]
    [TestCase(25.0)]
    public void OperationTimeoutOutOfRangeDoesNotStart(double hours) => AssertFails(
        s => s.AddDistributedMemoryCache().AddIdempotency().UseDistributedCache(o => o.OperationTimeout = TimeSpan.FromHours(hours)),
        "The default store: OperationTimeout is", "not more than 1 day");

    [Test]
    public void OperationTimeoutThatOutlastsALeaseDoesNotStart([Values(null, "eu")] string? store) => AssertFails(
        s =>
        {
            var idempotency = s.AddDistributedMemoryCache().AddIdempotency().UseDistributedCache();
            idempotency.AddStore("eu", eu => eu.UseDistributedCache())
                .AddPolicy("p", o => (o.Lease, o.StoreName) = (TimeSpan.FromSeconds(5), store));
        },
        "Policy 'p'", "Lease is 00:00:05", "OperationTimeout of 00:00:05", store is null ? "the default store" : "the store 'eu'");

    [Test]
    public async Task OperationTimeoutIsThatOfTheStoreOfThePolicy()
    {
        await using var app = await StartAsync(s => s.AddIdempotency(o => o.Lease = TimeSpan.FromSeconds(2))
            .UseDistributedCache(o => o.OperationTimeout = TimeSpan.FromSeconds(1.9))
            .AddStore("eu", eu => eu.UseMemory()), "eu");

        Assert.That(await app.AnswerAsync("/eu", "k"), Does.StartWith("200"));
    }

    [Test]
    public void UnknownLockingDoesNotStart() => AssertFails(
        s => s.AddDistributedMemoryCache().AddIdempotency().UseDistributedCache(o => o.Locking = (CacheLocking)7),
        "Locking is 7", "On, Off");

    [Test]
    public async Task LockOfThisProcessOnlyIsAWarning()
    {
        await using var app = await StartAsync(s => s.AddIdempotency().UseDistributedCache());

        AssertWarned(app, 50, "'default'", "several processes, hosts or stores", "UseLock(...)");
    }

    [Test]
    public async Task LockingThatIsOffIsAWarning([Values] bool withLock)
    {
        await using var app = await StartAsync(s =>
        {
            var idempotency = s.AddIdempotency().UseDistributedCache(o => o.Locking = CacheLocking.Off);
            if (withLock)
                idempotency.UseLock<InProcessLock>();
        });

        AssertWarned(app, 51, "'default'", "all run");
    }

    [Test]
    public async Task LockThatIsGivenIsUsedWithoutAWarning([Values("type", "factory", "service")] string way)
    {
        var shared = new InProcessLock();
        await using var app = await StartAsync(s =>
        {
            var idempotency = s.AddIdempotency().UseDistributedCache();
            _ = way switch
            {
                "type" => idempotency.UseLock<InProcessLock>(),
                "factory" => idempotency.UseLock(_ => shared),
                _ => s.AddSingleton<IIdempotencyLock>(shared).AddIdempotency(),
            };
        });

        Assert.That(app.Logs.Lines.Select(line => line.Id.Id), Has.None.InRange(50, 59));
        Assert.That(app.Services.GetRequiredService<IIdempotencyLock>() == shared, Is.EqualTo(way != "type"));
    }

    [Test]
    public async Task NamedStoreHasItsOwnCacheAndLock()
    {
        ChaosLock lockOfDefault = new(new()), lockOfEu = new(new());
        var cacheOfEu = new ChaosCache(MemoryCaches.Create(), new());
        await using var app = await StartAsync(s => s
            .AddKeyedSingleton<IDistributedCache>("eu-cache", cacheOfEu)
            .AddIdempotency().UseDistributedCache().UseLock(_ => lockOfDefault)
            .AddStore("eu", store => store.UseDistributedCache(o => o.CacheKey = "eu-cache").UseLock(_ => lockOfEu)), "eu");

        await app.AnswerAsync("/pay", "k");
        Assert.That((lockOfDefault.Names.Count, lockOfEu.Names.Count, cacheOfEu.Chaos.Count("set")), Is.EqualTo((1, 0, 0)));
        await app.AnswerAsync("/eu", "k");
        Assert.That((lockOfDefault.Names.Count, lockOfEu.Names.Count, cacheOfEu.Chaos.Count("set")), Is.EqualTo((1, 1, 1)));
    }

    [Test]
    public async Task NamedStoreWithoutALockHasThatOfTheDefaultStore()
    {
        var shared = new ChaosLock(new());
        await using var app = await StartAsync(s => s
            .AddIdempotency().UseDistributedCache().UseLock(_ => shared).AddStore("eu", store => store.UseDistributedCache()), "eu");

        await app.AnswerAsync("/eu", "k");

        Assert.That(shared.Names, Has.Count.EqualTo(1));
        Assert.That(app.Logs.Lines.Select(line => line.Id.Id), Has.None.EqualTo(50));
    }

    [Test]
    public void NullArgumentsAreRefused()
    {
        var builder = new ServiceCollection().AddIdempotency();

        Assert.That(() => ((IIdempotencyBuilder)null!).UseDistributedCache(), Throws.ArgumentNullException);
        Assert.That(() => ((IIdempotencyBuilder)null!).UseLock(_ => new NoLock()), Throws.ArgumentNullException);
        Assert.That(() => builder.UseLock(null!), Throws.ArgumentNullException);
    }

    /// <param name="services">Chooses the stores.</param>
    /// <param name="furtherStore">The store of <c>POST /eu</c>; null = the default one.</param>
    private static Task<TestApp> StartAsync(Action<IServiceCollection> services, string? furtherStore = null) => Answers.StartAsync(
        app =>
        {
            app.MapPost("/pay", (Runs runs) => runs.Next()).RequireIdempotency();
            app.MapPost("/eu", (Runs runs) => runs.Next()).RequireIdempotency("eu");
        },
        s =>
        {
            services(s.AddDistributedMemoryCache());
            s.AddIdempotency().AddPolicy("eu", o => o.StoreName = furtherStore);
        });

    private static void AssertWarned(TestApp app, int id, params string[] words)
    {
        var line = app.Logs.Lines.Single(line => line.Id.Id is >= 50 and < 60);
        Assert.That((line.Level, line.Id.Id), Is.EqualTo((LogLevel.Warning, id)));
        foreach (var word in words)
            Assert.That(line.Message, Does.Contain(word));
    }

    private static void AssertFails(Action<IServiceCollection> services, params string[] words)
    {
        var failure = Assert.ThrowsAsync<OptionsValidationException>(async () =>
        {
            await using var app = await Answers.StartAsync([], services);
        });
        foreach (var word in words)
            Assert.That(failure!.Message, Does.Contain(word));
    }
}
