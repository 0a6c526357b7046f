using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>Claims that are given up while the server is away. The leases are longer than the tests.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisReleaseTests : OwnRedisTests
{
    private const int Failed = 66;
    private const int GivenUp = 67;
    private const int Dropped = 69;
    private const int Left = 70;

    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(10), WhenInterrupted = InterruptedBehavior.Block };

    private readonly string _key = RedisStores.NewKey();

    [Test]
    public async Task OutageLeavesNoMoreBehindThanTheQueueHolds()
    {
        await using var proxy = new CuttableProxy(Server.Port);
        await using var stores = RedisStores.Over(proxy.Address, options => options.OperationTimeout = TimeSpan.FromSeconds(5));
        var held = await stores.AcquireAsync(_key, Held);
        proxy.Cut(refuse: true);
        await Task.WhenAll(Enumerable.Range(0, 10_500).Select(number => FailAsync(stores, $"{_key}:{number}")));
        await Waiting.UntilAsync(() => Count(stores, Dropped) == 1);

        await held.DisposeAsync();
        proxy.Heal();

        await UntilFreeAsync(_key);
        Assert.That(Count(stores, Dropped), Is.EqualTo(1));
        // All of the others are released once; then their repetitions begin.
        await Waiting.UntilAsync(async () => (await Server.CommandStatsAsync()).GetValueOrDefault("evalsha") > 10_000);
        Assert.That(Count(stores, GivenUp), Is.Zero);
    }

    [Test]
    public async Task ReleaseThatHangsDelaysNoOther()
    {
        await using var cluster = await RedisCluster.StartAsync();
        var clock = new FakeTimeProvider();
        await using var stores = RedisStores.Over(cluster.Addresses, clock: clock);
        var slow = cluster.Nodes[0];
        var others = new List<(string Key, RedisServer Node)>();
        var held = new List<IdempotencyClaim>();
        foreach (var key in Enumerable.Range(0, 30).Select(number => $"{_key}:{number}"))
        {
            held.Add(await stores.AcquireAsync(key, Held));
            var node = await cluster.NodeOfAsync(key);
            if (node != slow)
                others.Add((key, node));
        }

        Assert.That(others, Has.Count.InRange(1, 29));
        // No first attempt succeeds.
        foreach (var node in cluster.Nodes)
            await node.ExecuteAsync("CONFIG", "SET", "min-replicas-to-write", "1");
        var releasing = Task.WhenAll(held.Select(claim => claim.DisposeAsync().AsTask()));
        await UntilAsync(clock, TimeSpan.FromSeconds(1), () => releasing.IsCompleted);
        await slow.PauseAsync();
        foreach (var node in cluster.Nodes.Skip(1))
            await node.ExecuteAsync("CONFIG", "SET", "min-replicas-to-write", "0");

        // By the clock of the store for less than the time of a call that hangs.
        for (var i = 0; i < 60 && await AnyStandsAsync(others); i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(10 * i);
        }

        Assert.That(await AnyStandsAsync(others), Is.False);
        await slow.ResumeAsync();
    }

    [Test]
    public async Task DoubtIsRepeatedAlsoAfterALongOutage()
    {
        var clock = new FakeTimeProvider();
        await using var proxy = new LateProxy(Server.Port);
        await using var stores = RedisStores.Over(proxy.Address, clock: clock);
        await (await stores.AcquireAsync(_key + "2", Held)).DisposeAsync();
        proxy.Hold();
        var claiming = stores.AcquireAsync(_key, Held);
        await proxy.HeldAsync();
        proxy.Cut(refuse: true);
        await UntilAsync(clock, TimeSpan.FromSeconds(1), () => claiming.IsCompleted);
        Assert.That(async () => await claiming, Throws.Exception);
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        proxy.Heal();
        await UntilAsync(clock, TimeSpan.FromMilliseconds(10), async () => (await Server.CommandStatsAsync()).ContainsKey("getrange"));

        // Nothing of what is repeated was due; now all of it is late.
        await proxy.DeliverAsync();
        clock.Advance(Held.Lease * 2);

        await UntilAsync(clock, TimeSpan.FromMilliseconds(10), async () => Equals(await Server.ExecuteAsync("EXISTS", _key), 0L));
        Assert.That(Count(stores, GivenUp), Is.Zero);
    }

    [Test]
    public async Task ReleaseThatWasNeverAnsweredIsGivenUpInTime()
    {
        var clock = new FakeTimeProvider();
        await using var proxy = new CuttableProxy(Server.Port);
        await using var stores = RedisStores.Over(proxy.Address, clock: clock);
        var claim = await stores.AcquireAsync(_key, Held);
        proxy.Cut(refuse: true);

        var releasing = claim.DisposeAsync().AsTask();

        await UntilAsync(clock, TimeSpan.FromSeconds(10), () => Count(stores, GivenUp) == 1);
        await releasing.Soon();
        Assert.That(Count(stores, Failed), Is.EqualTo(1));
    }

    [Test]
    public async Task LoggerThatFailsEndsNothing()
    {
        await using var proxy = new ErrorProxy(Server.Port);
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(new FailingLogger()));
        services.AddIdempotency().UseRedis(proxy.Address, RedisStores.BePatient);
        await using var provider = services.BuildServiceProvider();
        var store = provider.GetRequiredService<IIdempotencyStore>();
        var refused = (await store.ClaimAsync(_key, Held, CancellationToken.None)).Claim!;
        var released = (await store.ClaimAsync(_key + "2", Held, CancellationToken.None)).Claim!;

        proxy.Answer("NOPERM this user has no permissions to run the 'evalsha' command");
        await refused.DisposeAsync();
        await released.DisposeAsync();

        Assert.That(await Server.ExecuteAsync("EXISTS", _key), Is.EqualTo(1));
        await UntilFreeAsync(_key + "2");
    }

    [Test]
    public async Task ApplicationThatEndsGivesItsClaimsUp([Values] bool heals)
    {
        await using var proxy = new CuttableProxy(Server.Port);
        var script = new Script(IActionResult (_, _) =>
        {
            proxy.Cut(refuse: true);
            throw new InvalidOperationException("The action fails.");
        });
        await using var app = await script.StartAsync<RedisReleaseController>(
            options => options.Lease = Held.Lease,
            services: services => services.AddIdempotency().UseRedis(
                proxy.Address, options => options.OperationTimeout = TimeSpan.FromSeconds(5)));
        using (var failed = await app.PostAsync("/redis/release", "k"))
            Assert.That((int)failed.StatusCode, Is.EqualTo(500));
        using var timeIsUp = new CancellationTokenSource();

        var stopping = app.App.StopAsync(timeIsUp.Token);
        await Task.WhenAny(stopping, Task.Delay(TimeSpan.FromSeconds(1)));
        if (heals)
            proxy.Heal();
        else
            await timeIsUp.CancelAsync();
        await stopping.Soon();

        Assert.That(await Server.ExecuteAsync("DBSIZE"), Is.EqualTo(heals ? 0 : 1));
        Assert.That(app.Logs.Lines.Count(line => line.Id.Id == Left), Is.EqualTo(heals ? 0 : 1));
    }

    private static int Count(RedisStores stores, int id) => stores.Logs.Lines.Count(line => line.Id.Id == id);

    private static async Task FailAsync(RedisStores stores, string key)
    {
        try
        {
            using var _ = await stores.Store.ClaimAsync(key, Held, CancellationToken.None);
            Assert.Fail("The server is away.");
        }
        catch (Exception exception) when (exception is not AssertionException)
        {
        }
    }

    private static Task UntilAsync(FakeTimeProvider clock, TimeSpan step, Func<bool> condition) =>
        UntilAsync(clock, step, () => Task.FromResult(condition()));

    private static Task UntilAsync(FakeTimeProvider clock, TimeSpan step, Func<Task<bool>> condition) => Waiting.UntilAsync(() =>
    {
        clock.Advance(step);
        return condition();
    });

    private static async Task<bool> AnyStandsAsync(IEnumerable<(string Key, RedisServer Node)> claims)
    {
        foreach (var (key, node) in claims)
        {
            if (!Equals(await node.ExecuteAsync("EXISTS", key), 0L))
                return true;
        }

        return false;
    }

    private Task UntilFreeAsync(string key) => RedisStores.UntilAsync(Server, 0L, "EXISTS", key);

    private sealed class FailingLogger : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InvalidOperationException("The logger fails.");

        public void Dispose()
        {
        }
    }
}

[ApiController]
public sealed class RedisReleaseController(Script script) : ControllerBase
{
    [HttpPost("redis/release"), Idempotent]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);
}
