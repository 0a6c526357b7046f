using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests;

/// <summary>What a store says, and does later, when its database fails.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class OutageTests
{
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(1) };

    private PostgresServer _server = null!;
    private string _connectionString = null!;

    /// <summary>A server of its own for each test, and the table, which takes longer than a test with an outage may wait.</summary>
    [SetUp]
    public async Task StartServerAsync()
    {
        _server = new();
        await _server.StartAsync();
        _connectionString = await _server.CreateDatabaseAsync();
        await using var stores = EfStores.Over(database => database.UseNpgsql(_connectionString));
        await (await stores.AcquireAsync(EfStores.NewKey(), Held)).DisposeAsync();
    }

    [TearDown]
    public async Task StopServerAsync() => await _server.DisposeAsync();

    [Test]
    public async Task ServerThatWasKilledIsUnreachableAndServesAgainAfterItsStart()
    {
        await using var stores = EfStores.Over(
            database => database.UseNpgsql(_connectionString), options => options.OperationTimeout = TimeSpan.FromSeconds(5));
        var key = EfStores.NewKey();
        await EfStores.CompleteAsync(await stores.AcquireAsync(key, Held), "the answer");
        var released = await stores.AcquireAsync(key + "2", Held);

        await _server.KillAsync();
        Assert.That(async () => await stores.AskAsync(key, Held), Throws.InstanceOf<TimeoutException>());
        await released.DisposeAsync();
        await _server.StartAsync();

        Assert.That(await stores.AskAsync(key, Held), Is.EqualTo("the answer"));
        await Waiting.UntilAsync(async () => await stores.AskAsync(key + "2", Held) == "Acquired");
    }

    [Test]
    public async Task ServerThatHangsIsUnreachable()
    {
        await using var stores = EfStores.Over(
            database => database.UseNpgsql(_connectionString), options => options.OperationTimeout = TimeSpan.FromSeconds(3));
        var key = EfStores.NewKey();

        await _server.PauseAsync();
        Assert.That(async () => await stores.AskAsync(key, Held), Throws.InstanceOf<TimeoutException>());
        await _server.ResumeAsync();

        // The attempt that was given up may have claimed the key, and is released.
        await Waiting.UntilAsync(async () => await stores.AskAsync(key, Held) == "Acquired");
    }

    [Test]
    public async Task CompletionWhoseReplyIsLostIsStored()
    {
        await using var network = new CuttableProxy(_server.Port);
        await using var stores = EfStores.Over(database => database.UseNpgsql(_connectionString.Through(network)));
        var key = EfStores.NewKey();
        var claim = await stores.AcquireAsync(key, Held);

        network.LoseReplies();
        var completing = EfStores.CompleteAsync(claim, "the answer");
        await Waiting.UntilAsync(async () => Equals(
            await _server.ExecuteAsync("SELECT count(*) FROM idempotency_keys WHERE state = 2", _connectionString), 1L));
        network.Cut();

        Assert.That(await completing, Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await stores.AskAsync(key, Held), Is.EqualTo("the answer"));
    }

    [Test]
    public async Task ClaimWhoseReplyIsLostIsGrantedOnce()
    {
        await using var network = new CuttableProxy(_server.Port);
        await using var stores = EfStores.Over(database => database.UseNpgsql(_connectionString.Through(network)));
        var key = EfStores.NewKey();
        await (await stores.AcquireAsync(key, Held)).DisposeAsync();

        network.LoseReplies();
        var claiming = stores.AskAsync(key, Held);
        await Waiting.UntilAsync(async () => Equals(
            await _server.ExecuteAsync("SELECT count(*) FROM idempotency_keys WHERE state = 1", _connectionString), 1L));
        network.Cut();

        Assert.That(await claiming, Is.EqualTo("Acquired"));
        Assert.That(await stores.AskAsync(key, Held), Is.EqualTo("InFlight"));
    }
}
