using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>A server that has reached its maxmemory: it refuses to write, and what holds the promise is no write.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisMemoryTests : OwnRedisTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);
    private static readonly ClaimOptions Held = new() { Lease = Lease };

    private readonly string _key = RedisStores.NewKey();
    private RedisStores _stores = null!;

    [SetUp]
    public void OpenStores() => _stores = RedisStores.Over(Server);

    [TearDown]
    public async Task CloseStoresAsync() => await _stores.DisposeAsync();

    [Test]
    public async Task ClaimIsRefusedAsFull()
    {
        await FillAsync();

        Assert.That(
            async () => await _stores.AskAsync(_key, Held),
            Throws.TypeOf<IdempotencyStoreFullException>().With.Message.Contains("maxmemory"));
    }

    [Test]
    public async Task RecordIsStillReplayed()
    {
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), "record");
        await FillAsync();

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("record"));
    }

    [Test]
    public async Task CompletionFailsAndItsLeaseIsRenewedUntilThereIsRoom()
    {
        var claim = await _stores.AcquireAsync(_key, Held with { Lease = Lease * 3 });
        await FillAsync();
        Assert.That(async () => await RedisStores.CompleteAsync(claim, "record"), Throws.Exception);
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");

        // Each of them a third of the lease after the last: it has ended, had nobody renewed it.
        await Waiting.UntilAsync(async () => (await Server.CommandStatsAsync()).GetValueOrDefault("pexpire") >= 4);
        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("InFlight"));
        Assert.That(claim.Lost.IsCancellationRequested, Is.False);
        await MakeRoomAsync();

        Assert.That(await RedisStores.CompleteAsync(claim, "record"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("record"));
    }

    [Test]
    public async Task ClaimIsReleased()
    {
        var claim = await _stores.AcquireAsync(_key, Held);
        await FillAsync();

        await claim.DisposeAsync();

        Assert.That(await Server.ExecuteAsync("EXISTS", _key), Is.Zero);
    }

    [Test]
    public async Task ClaimOverARecordIsReleasedAndTheRecordStands()
    {
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), "record");
        var claim = await _stores.AcquireAsync(_key, Held with { OverCompleted = true });
        await FillAsync();

        await claim.DisposeAsync();

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("record"));
    }

    [Test]
    public async Task WaiterThatCannotAskForAMessageLooksWhenTheLeaseEnds()
    {
        var claim = await _stores.AcquireAsync(_key, Held with { RenewFor = TimeSpan.Zero });
        await FillAsync();
        var waiter = _stores.WaitAsync(_key, Held);
        await Task.Delay(Lease / 4);
        await MakeRoomAsync();
        await RedisStores.CompleteAsync(claim, "record");

        using var result = await waiter.Soon();

        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
    }

    private Task<object?> FillAsync() => Server.ExecuteAsync("CONFIG", "SET", "maxmemory", "1");

    private Task<object?> MakeRoomAsync() => Server.ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
}
