using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>
/// While Redis is away. The clock of the store stands still unless a test moves it: what is answered then, is answered at once, and what
/// waits, waits.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisOutageTests : OwnRedisTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(10) };
    private static readonly ClaimOptions Executes = Held with { WhenStoreIsDown = StoreDownBehavior.Execute };

    private readonly string _key = RedisStores.NewKey();
    // The pauses between attempts pass by themselves.
    private readonly TestClock _clock = new() { PassInRealTime = TimeSpan.FromMilliseconds(500) };
    private readonly SemaphoreSlim _restored = new(0);
    private ConnectionMultiplexer _multiplexer = null!;
    private RedisStores _stores = null!;

    protected override string[] ServerArguments => ["--appendonly", "yes", "--appendfsync", "always"];

    [SetUp]
    public async Task ConnectAsync()
    {
        _multiplexer = await ConnectionMultiplexer.ConnectAsync(
            $"{Server.Address},abortConnect=false,connectTimeout=1000,asyncTimeout=1000");
        _stores = RedisStores.Over(_multiplexer, options => options.OperationTimeout = Timeout, _clock);
        await (await _stores.AcquireAsync(_key + ":warm", Held)).DisposeAsync();
        // After the store, which so hears of it first.
        _multiplexer.ConnectionRestored += (_, _) => _restored.Release();
    }

    [TearDown]
    public async Task DisconnectAsync()
    {
        await _stores.DisposeAsync();
        await _multiplexer.DisposeAsync();
        _restored.Dispose();
    }

    [Test]
    public async Task ClaimIsAnsweredAtOnceWhenTheConnectionHasBeenAwayForTheTimeOfAnOperation()
    {
        await LoseServerAsync();
        var first = AskAsync("first");
        _clock.Advance(Timeout / 2);
        var second = AskAsync("second");
        await StaysOpenAsync(first, second);

        _clock.Advance(Timeout / 2);
        Assert.That(async () => await first.Soon(), Throws.Exception);
        var third = AskAsync("third");

        Assert.That(async () => await third.Soon(), Throws.TypeOf<RedisConnectionException>());
        Assert.That(second.IsCompleted, Is.False);
        await Server.RestartAsync();
        Assert.That(await second.Soon(), Is.EqualTo("Acquired"));
        await UntilConnectedAsync();
        Assert.That(await AskAsync("fourth").Soon(), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task ClaimWhoseActionWouldRunWithoutItWaitsAsEver()
    {
        await LoseServerAsync();
        await OpenAsync();

        var waiting = _stores.AskAsync(_key, Executes);
        await StaysOpenAsync(waiting);

        await Server.RestartAsync();
        Assert.That(await waiting.Soon(), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task CompletionRenewalAndReleaseGoOn()
    {
        var claim = await _stores.AcquireAsync(_key, Held);
        var given = await _stores.AcquireAsync(_key + ":given", Held);
        await LoseServerAsync();
        await OpenAsync();

        var completing = RedisStores.CompleteAsync(claim, "record");
        var releasing = given.DisposeAsync().AsTask();
        await StaysOpenAsync(completing);
        await Server.RestartAsync();

        Assert.That(await completing.Soon(), Is.EqualTo(CompletionOutcome.Stored));
        await releasing.Soon();
        await RedisStores.UntilAsync(Server, 0L, "EXISTS", _key + ":given");
    }

    [Test]
    public async Task ConnectionThatCameBackUnseenIsWaitedForAnew()
    {
        await LoseServerAsync();
        var noticed = AskAsync("noticed");
        await StaysOpenAsync(noticed);
        await Server.RestartAsync();
        await noticed.Soon();
        await UntilConnectedAsync();
        // Both of its connections have said so.
        await _restored.WaitAsync().Soon();
        await _restored.WaitAsync().Soon();
        await LoseServerAsync();
        _clock.Advance(TimeSpan.FromMinutes(1));

        await StaysOpenAsync(AskAsync("after"));
    }

    [Test]
    public async Task ServerThatHangsIsNotAway()
    {
        await Server.PauseAsync();
        var first = AskAsync("first");
        _clock.Advance(Timeout);
        Assert.That(async () => await first.Soon(), Throws.Exception);

        var second = AskAsync("second");
        if (_multiplexer.IsConnected)
            await StaysOpenAsync(second);

        await Server.ResumeAsync();
        Assert.That(await second.Soon(), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task LostNodeOfAClusterIsNotTheConnection()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var stores = RedisStores.Over(cluster.Addresses, options => options.OperationTimeout = Timeout, _clock);
        var (lost, there) = (cluster.Nodes[0], cluster.Nodes[1]);
        var (keyOfLost, keyOfOther) = (await KeyOnAsync(cluster, lost), await KeyOnAsync(cluster, there));
        await stores.AcquireAsync(keyOfLost + ":warm", Held);
        await lost.KillAsync();
        var first = stores.AskAsync(keyOfLost, Held);
        _clock.Advance(Timeout);
        Assert.That(async () => await first.Soon(), Throws.Exception);

        await StaysOpenAsync(stores.AskAsync(keyOfLost, Held));

        Assert.That(await stores.AskAsync(keyOfOther, Held).Soon(), Is.EqualTo("Acquired"));
        await lost.RestartAsync();
    }

    [Test]
    public async Task RequestIsRefusedAtOnceAndOneThatMayRunUnprotectedIsNotRunBeforeItsTime()
    {
        var script = new Script();
        await using var app = await script.StartAsync<RedisController>(
            clock: _clock,
            services: services =>
            {
                services.AddSingleton<IConnectionMultiplexer>(_multiplexer);
                services.AddIdempotency(options => options.KeyPrefix = "outage:")
                    .AddPolicy("executes", options => options.WhenStoreIsDown = StoreDownBehavior.Execute)
                    .UseRedis(options => options.OperationTimeout = Timeout);
            },
            pipeline: app => app.MapPost("/executes", async (HttpContext http) => Results.Ok((await script.RunAsync(http)).GetType().Name))
                .RequireIdempotency("executes"));
        await LoseServerAsync();
        var noticed = app.PostAsync("/redis", "noticed");
        await UntilRefusedAtOnceAsync(app, noticed);
        Assert.That(script.Runs, Is.Zero);

        var waiting = app.PostAsync("/executes", "k");
        await StaysOpenAsync(waiting);
        Assert.That(script.Runs, Is.Zero);
        await Server.RestartAsync();

        using var answer = await waiting.Soon();
        Assert.That((int)answer.StatusCode, Is.EqualTo(200));
        Assert.That(script.Runs, Is.EqualTo(1));
        using var replay = await app.PostAsync("/executes", "k");
        Assert.That(replay.IsReplay());
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    private Task<string> AskAsync(string name) => _stores.AskAsync($"{_key}:{name}", Held);

    /// <summary>The server is gone, and the client knows.</summary>
    private async Task LoseServerAsync()
    {
        await Server.KillAsync();
        await Waiting.UntilAsync(() => !_multiplexer.IsConnected);
    }

    private Task UntilConnectedAsync() => Waiting.UntilAsync(() => _multiplexer.IsConnected);

    /// <summary>The outage has lasted.</summary>
    private async Task OpenAsync()
    {
        var noticed = AskAsync("noticed");
        _clock.Advance(Timeout);
        Assert.That(async () => await noticed.Soon(), Throws.Exception);
        Assert.That(async () => await AskAsync("open").Soon(), Throws.TypeOf<RedisConnectionException>());
    }

    private async Task UntilRefusedAtOnceAsync(TestApp app, Task<HttpResponseMessage> noticed)
    {
        while (!noticed.IsCompleted)
        {
            _clock.Advance(Timeout / 4);
            await Task.WhenAny(noticed, Task.Delay(20));
        }

        using (var late = await noticed)
            await late.IsProblemAsync(503, "store-unavailable");
        using var refused = await app.PostAsync("/redis", "refused").Soon();
        await refused.IsProblemAsync(503, "store-unavailable");
    }

    /// <summary>In time for several attempts, none of these is answered.</summary>
    private static async Task StaysOpenAsync(params Task[] tasks)
    {
        await Task.WhenAny(Task.WhenAny(tasks), Task.Delay(TimeSpan.FromSeconds(1)));
        Assert.That(tasks.Select(task => task.IsCompleted), Is.All.False);
    }

    private static async Task<string> KeyOnAsync(RedisCluster cluster, RedisServer node)
    {
        while (true)
        {
            var key = RedisStores.NewKey();
            if (await cluster.NodeOfAsync(key) == node && await cluster.NodeOfAsync(key + ":warm") == node)
                return key;
        }
    }
}
