using System.Net.Sockets;
using System.Text;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>Those who wait are woken by a message. The leases are longer than the tests, except where a message is missed.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisWaitingTests : OwnRedisTests
{
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(2) };
    private static readonly ClaimOptions Short = new() { Lease = TimeSpan.FromSeconds(4), RenewFor = TimeSpan.Zero };

    private readonly string _key = RedisStores.NewKey();
    private RedisStores _stores = null!;

    [SetUp]
    public void OpenStores() => _stores = RedisStores.Over(Server);

    [TearDown]
    public async Task CloseStoresAsync() => await _stores.DisposeAsync();

    [Test]
    public async Task WaiterDoesNotAskUntilItIsWoken()
    {
        var claim = await _stores.AcquireAsync(_key, Held);
        var waiter = _stores.WaitAsync(_key, Held);
        await UntilSomebodyWaitsAsync();
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");

        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.That((await Server.CommandStatsAsync()).Keys, Does.Not.Contain("evalsha"));
        await RedisStores.CompleteAsync(claim, "record");

        Assert.That(await RecordAsync(waiter), Is.EqualTo("record"));
    }

    [Test]
    public async Task ThousandWaitersAskNoOftenerThanOne()
    {
        var claim = await _stores.AcquireAsync(_key, Held);
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");

        var waiters = Enumerable.Range(0, 1000).Select(_ => _stores.WaitAsync(_key, Held)).ToList();
        await UntilSomebodyWaitsAsync();
        await RedisStores.CompleteAsync(claim, "record");

        Assert.That(await Task.WhenAll(waiters.Select(RecordAsync)), Is.All.EqualTo("record"));
        Assert.That((await Server.CommandStatsAsync())["evalsha"], Is.LessThanOrEqualTo(6));
    }

    [Test]
    public async Task MessageIsSentOnlyWhenSomebodyWaits([Values] bool waits, [Values] bool completes)
    {
        var claim = await _stores.AcquireAsync(_key, Held);
        var waiter = waits ? _stores.WaitAsync(_key, Held) : Task.FromResult(ClaimResult.InFlight);
        if (waits)
            await UntilSomebodyWaitsAsync();

        if (completes)
            await RedisStores.CompleteAsync(claim, "record");
        else
            await claim.DisposeAsync();

        await waiter.Soon();
        Assert.That((await Server.CommandStatsAsync()).GetValueOrDefault("publish"), Is.EqualTo(waits ? 1 : 0));
    }

    [Test]
    public async Task WishForAMessageOutlivesATakeOver()
    {
        await _stores.AcquireAsync(_key, Short);
        using var leaving = new CancellationTokenSource();
        var waiter = _stores.WaitAsync(_key, Held, leaving.Token);
        await UntilSomebodyWaitsAsync();
        await leaving.CancelAsync();
        Assert.That(async () => await waiter, Throws.InstanceOf<OperationCanceledException>());
        await Task.Delay(Short.Lease * 1.1);

        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), "record");

        Assert.That((await Server.CommandStatsAsync())["publish"], Is.EqualTo(1));
    }

    [Test]
    public async Task WaiterThatLeavesNoLongerListens()
    {
        await _stores.AcquireAsync(_key, Held);
        using var leaving = new CancellationTokenSource();
        var waiter = _stores.WaitAsync(_key, Held, leaving.Token);
        await UntilSomebodyWaitsAsync();
        Assert.That(await ListenersAsync(), Is.EqualTo(1));

        await leaving.CancelAsync();

        Assert.That(async () => await waiter, Throws.InstanceOf<OperationCanceledException>());
        await Waiting.UntilAsync(async () => await ListenersAsync() == 0);
    }

    [Test]
    public async Task WaiterThatLeavesWhileTheConnectionIsAwayNoLongerListensWhenItIsBack()
    {
        await using var proxy = new CuttableProxy(Server.Port);
        await using var remote = RedisStores.Over(proxy.Address);
        await LeaveWhileAwayAsync(proxy, remote);

        // The one who stayed is back; so would the others be.
        await Waiting.UntilAsync(async () => await RedisStores.ListenersAsync(Server, _key) == 1);
        await UntilNobodyListensAsync();
    }

    [Test]
    public async Task StoreThatEndsWhileTheConnectionIsAwayLeavesNoChannelToTheMultiplexer()
    {
        await using var proxy = new CuttableProxy(Server.Port);
        await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(proxy.Address);
        var remote = RedisStores.Over(multiplexer, RedisStores.BePatient);
        await LeaveWhileAwayAsync(proxy, remote, remote.DisposeAsync);
        await multiplexer.GetSubscriber().SubscribeAsync(RedisChannel.Literal(_key + ":last"), (_, _) => { });

        await UntilNobodyListensAsync();
    }

    [Test]
    public async Task OneWhoComesWhileAnotherLeavesIsWoken()
    {
        var claim = await _stores.AcquireAsync(_key, Held);
        for (var round = 0; round < 50; round++)
        {
            using var leaving = new CancellationTokenSource();
            var waiter = _stores.WaitAsync(_key, Held, leaving.Token);
            await Task.Delay(round % 5);
            await leaving.CancelAsync();
            Assert.That(async () => await waiter, Throws.InstanceOf<OperationCanceledException>());
        }

        var last = _stores.WaitAsync(_key, Held);
        await UntilSomebodyWaitsAsync();
        await Waiting.UntilAsync(async () => await ListenersAsync() == 1);
        await RedisStores.CompleteAsync(claim, "record");

        Assert.That(await RecordAsync(last), Is.EqualTo("record"));
    }

    [Test]
    public async Task WaitersOfOtherProcessesAreWokenToo()
    {
        await using var other = RedisStores.Over(Server);
        await using var third = RedisStores.Over(Server);
        var claim = await _stores.AcquireAsync(_key, Held);
        var waiters = new[] { other.WaitAsync(_key, Held), third.WaitAsync(_key, Held) };
        await Waiting.UntilAsync(async () => await ListenersAsync() == 2);
        await UntilSomebodyWaitsAsync();

        await claim.DisposeAsync();
        var successor = await (await Task.WhenAny(waiters).Soon());
        Assert.That(successor.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        Assert.That(waiters.Count(waiter => waiter.IsCompleted), Is.EqualTo(1));
        await RedisStores.CompleteAsync(successor.Claim!, "record");

        Assert.That(await RecordAsync(waiters.Single(waiter => waiter.Result.Outcome != ClaimOutcome.Acquired)), Is.EqualTo("record"));
    }

    [Test]
    public async Task MessageThatIsMissedCostsNoMoreThanTheRestOfTheLease()
    {
        var claim = await _stores.AcquireAsync(_key, Short);
        var waiter = _stores.WaitAsync(_key, Held);
        await UntilSomebodyWaitsAsync();
        await Server.ExecuteAsync("SETRANGE", _key, "25", "\0");

        await RedisStores.CompleteAsync(claim, "record");

        Assert.That(await RecordAsync(waiter), Is.EqualTo("record"));
        Assert.That((await Server.CommandStatsAsync()).Keys, Does.Not.Contain("publish"));
    }

    [Test]
    public async Task WaiterThatLostItsConnectionLooksWhenItHasOneAgain()
    {
        await using var proxy = new CuttableProxy(Server.Port);
        await using var remote = RedisStores.Over(proxy.Address);
        var claim = await _stores.AcquireAsync(_key, Held);
        var waiter = remote.WaitAsync(_key, Held);
        await UntilSomebodyWaitsAsync();

        proxy.Cut(refuse: true);
        await RedisStores.CompleteAsync(claim, "record");
        proxy.Heal();

        Assert.That(await RecordAsync(waiter), Is.EqualTo("record"));
    }

    [Test]
    public async Task SubscriptionThatComesLateLooksAgain()
    {
        var clock = new FakeTimeProvider();
        await using var proxy = new LateSubscriptionProxy(Server.Port, _key);
        await using var remote = RedisStores.Over(proxy.Address + ",asyncTimeout=60000", clock: clock);
        Assert.That(await remote.AskAsync(_key + "2", Held), Is.EqualTo("Acquired"));
        var claim = await _stores.AcquireAsync(_key, Held);
        var waiter = remote.WaitAsync(_key, Held);
        await proxy.Held.WaitAsync();
        clock.Advance(TimeSpan.FromSeconds(20));
        await UntilSomebodyWaitsAsync();
        await RedisStores.CompleteAsync(claim, "record");

        proxy.Delivered.Fire();

        Assert.That(await RecordAsync(waiter), Is.EqualTo("record"));
    }

    [Test]
    public async Task ChannelPrefixOfTheClientIsMinded()
    {
        await using var prefixed = RedisStores.Over($"{Server.Address},channelPrefix=app:");
        var claim = await prefixed.AcquireAsync(_key, Held);
        var waiter = prefixed.WaitAsync(_key, Held);
        await UntilSomebodyWaitsAsync();

        await RedisStores.CompleteAsync(claim, "record");

        Assert.That(await RecordAsync(waiter), Is.EqualTo("record"));
    }

    /// <summary>One waits for the key, and stays; five wait for others, and leave while nothing reaches the server.</summary>
    private async Task LeaveWhileAwayAsync(CuttableProxy proxy, RedisStores remote, Func<ValueTask>? end = null)
    {
        var keys = Enumerable.Range(0, 5).Select(number => $"{_key}:{number}").ToList();
        foreach (var key in keys.Append(_key))
            await _stores.AcquireAsync(key, Held);
        using var leaving = new CancellationTokenSource();
        var leavers = keys.Select(key => remote.WaitAsync(key, Held, leaving.Token)).ToList();
        _ = remote.WaitAsync(_key, Held);
        foreach (var key in keys.Append(_key))
            await Waiting.UntilAsync(async () => await RedisStores.ListenersAsync(Server, key) == 1);

        proxy.Cut(refuse: true);
        await Waiting.UntilAsync(() => proxy.Refusals > 0);
        await leaving.CancelAsync();
        foreach (var leaver in leavers)
            Assert.That(async () => await leaver.Soon(), Throws.InstanceOf<OperationCanceledException>());
        if (end is not null)
            await end();
        proxy.Heal();
    }

    private Task UntilNobodyListensAsync() => Waiting.UntilAsync(async () =>
        ((object?[])(await Server.ExecuteAsync("PUBSUB", "CHANNELS", _key + ":?"))!).Length == 0);

    private static async Task<string> RecordAsync(Task<ClaimResult> waiter)
    {
        using var result = await waiter.Soon();
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
        return Encoding.UTF8.GetString(result.Record);
    }

    private Task UntilSomebodyWaitsAsync() => RedisStores.UntilSomebodyWaitsAsync(Server, _key);

    private Task<long> ListenersAsync() => RedisStores.ListenersAsync(Server, _key);

    /// <summary>Carries the subscription to one channel when it is told to.</summary>
    private sealed class LateSubscriptionProxy(int port, string channel) : TcpProxy(port)
    {
        public Signal Held { get; } = new();

        public Signal Delivered { get; } = new();

        protected override Task CarryAsync(TcpClient client, TcpClient server) =>
            Task.WhenAny(CarryRequestsAsync(client, server), server.GetStream().CopyToAsync(client.GetStream()));

        private async Task CarryRequestsAsync(TcpClient client, TcpClient server)
        {
            var buffer = new byte[64 * 1024];
            for (int read; (read = await client.GetStream().ReadAsync(buffer)) > 0;)
            {
                var request = Encoding.Latin1.GetString(buffer, 0, read);
                if (request.Contains("SUBSCRIBE", StringComparison.Ordinal) && request.Contains(channel, StringComparison.Ordinal))
                {
                    Held.Fire();
                    await Delivered.WaitAsync();
                }

                await server.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
    }
}
