using System.Text;
using Idempotency.Filters.Stores;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>What comes late, or a second time, leaves nothing behind.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisLateReplyTests : OwnRedisTests
{
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromSeconds(1) };

    private readonly string _key = RedisStores.NewKey();

    [Test]
    public async Task ResolutionWhoseReplyWasLostIsDoneOnce()
    {
        await using var proxy = new CuttableProxy(Server.Port);
        await using var stores = RedisStores.Over(proxy.Address, options => options.OperationTimeout = TimeSpan.FromSeconds(20));
        await stores.AcquireAsync(_key, Held with { RenewFor = TimeSpan.Zero, WhenInterrupted = InterruptedBehavior.Block });
        StoredKey? found = null;
        await Waiting.UntilAsync(
            async () => (found = await stores.Administration.FindAsync(_key, CancellationToken.None))!.State == ClaimOutcome.Interrupted);
        // From here on the server knows the script.
        Assert.That(await ResolveAsync(stores, _key + "2", found!), Is.False);
        proxy.LoseReplies();
        var resolving = ResolveAsync(stores, _key, found!);
        await RedisStores.UntilAsync(Server, "R", "GETRANGE", _key, "0", "0");

        proxy.Cut();

        Assert.That(await resolving.Soon(), Is.True);
        Assert.That(await stores.AskAsync(_key, Held), Is.EqualTo("resolved"));
    }

    [Test]
    public async Task CompletionWhoseReplyWasLostIsDoneAlsoWhenAnotherHasClaimedOverItSince()
    {
        await using var proxy = new CuttableProxy(Server.Port);
        await using var stores = RedisStores.Over(proxy.Address);
        await using var others = RedisStores.Over(Server);
        var over = new ClaimOptions { Lease = TimeSpan.FromMinutes(10), OverCompleted = true };
        // From here on the server knows the script.
        await RedisStores.CompleteAsync(await stores.AcquireAsync(_key, over), "previous");
        var claim = await stores.AcquireAsync(_key, over);
        proxy.LoseReplies();
        var completing = RedisStores.CompleteAsync(claim, "record");
        await RedisStores.UntilAsync(Server, "R", "GETRANGE", _key, "0", "0");
        var next = await others.AcquireAsync(_key, over);

        proxy.Cut();

        Assert.That(await completing.Soon(), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(claim.Lost.IsCancellationRequested, Is.False);
        Assert.That(await RedisStores.CompleteAsync(next, "next"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task KeyThatWasFreedIsFreeAlsoWhenTheReplyWasLost()
    {
        var chaos = new Chaos();
        await using var proxy = new ChaosProxy(Server.Port, chaos);
        await using var stores = RedisStores.Over(proxy.Address);
        await RedisStores.CompleteAsync(await stores.AcquireAsync(_key, Held), "record");
        var found = await stores.Administration.FindAsync(_key, CancellationToken.None);
        Assert.That(await FreeAsync(stores, _key + "2", found!), Is.False);
        chaos.Forget();
        chaos.Once("resolve", Fault.LosesReply);

        Assert.That(await FreeAsync(stores, _key, found!), Is.True);

        Assert.That(chaos.Count("resolve"), Is.EqualTo(2));
        Assert.That(await Server.ExecuteAsync("EXISTS", _key), Is.Zero);
    }

    [Test]
    public async Task KeyThatWasForgottenCountsAlsoWhenTheReplyWasLost()
    {
        var chaos = new Chaos();
        await using var proxy = new ChaosProxy(Server.Port, chaos);
        await using var stores = RedisStores.Over(proxy.Address);
        foreach (var number in Enumerable.Range(0, 3))
            await RedisStores.CompleteAsync(await stores.AcquireAsync(_key + number, Held), "record");
        // From here on the server knows the script.
        Assert.That(await stores.Administration.ForgetAsync(_key + "0", CancellationToken.None), Is.EqualTo(1));
        chaos.Forget();
        chaos.Once("forget", Fault.LosesReply);

        Assert.That(await stores.Administration.ForgetAsync(_key, CancellationToken.None), Is.EqualTo(2));

        Assert.That(chaos.Count("forget"), Is.EqualTo(3));
    }

    [Test]
    public async Task SubscriptionThatComesAfterItsWaiterHasLeftIsEnded()
    {
        await Server.PauseAsync();
        await using var stores = RedisStores.Over(
            Server.Address + ",connectTimeout=4000", options => options.OperationTimeout = TimeSpan.FromSeconds(6));
        // Whether the store's time is up first or the client's decides which of them speaks.
        Assert.That(
            async () => await stores.WaitAsync(_key, Held).Soon(), Throws.InstanceOf<TimeoutException>().Or.InstanceOf<RedisException>());

        await Server.ResumeAsync();

        await Waiting.UntilAsync(async () => (await Server.CommandStatsAsync()).GetValueOrDefault("evalsha") > 0);
        // Time for the subscription to come late.
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.That(await RedisStores.ListenersAsync(Server, _key), Is.Zero);
    }

    [Test]
    public async Task RecordThatIsKeptForNoTimeIsNotKeptForEver()
    {
        await using var stores = RedisStores.Over(Server);
        var claim = await stores.AcquireAsync(_key, Held);

        Assert.That(await RedisStores.CompleteAsync(claim, "record", TimeSpan.Zero), Is.EqualTo(CompletionOutcome.Stored));

        await RedisStores.UntilAsync(Server, 0L, "EXISTS", _key);
    }

    private static Task<bool> FreeAsync(RedisStores stores, string key, StoredKey found) =>
        stores.Administration.ResolveAsync(key, found, null, null, CancellationToken.None).AsTask();

    private static Task<bool> ResolveAsync(RedisStores stores, string key, StoredKey found) => stores.Administration.ResolveAsync(
        key, found, new(Encoding.UTF8.GetBytes("resolved")), TimeSpan.FromMinutes(1), CancellationToken.None).AsTask();
}
