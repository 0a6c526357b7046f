using Idempotency.Filters.Stores;
using Idempotency.Filters.Tests.Support;

namespace Idempotency.Filters.Tests.Redis;

/// <summary>A server that has reached its maxmemory: it refuses to write, and what holds the promise is no write.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class RedisMemoryTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);
    private static readonly ClaimOptions Held = new() { Lease = Lease };

    private readonly string _key = RedisStores.NewKey();
    private RedisServer _server = null!;
    private RedisStores _stores = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await RedisServer.StartAsync();
        _stores = RedisStores.Over(_server);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _stores.DisposeAsync();
        await _server.DisposeAsync();
    }

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
        var claim = await _stores.AcquireAsync(_key, Held);
        await FillAsync();
        Assert.That(async () => await RedisStores.CompleteAsync(claim, "record"), Throws.Exception);

        await Task.Delay(Lease * 2);
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

        Assert.That(await _server.ExecuteAsync("EXISTS", _key), Is.Zero);
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

    private Task<object?> FillAsync() => _server.ExecuteAsync("CONFIG", "SET", "maxmemory", "1");

    private Task<object?> MakeRoomAsync() => _server.ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
}
