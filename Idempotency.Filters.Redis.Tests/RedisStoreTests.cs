using System.Diagnostics;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>What this store promises beyond the contract: keys that others have changed, and what is under them.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class RedisStoreTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(8);
    private static readonly ClaimOptions Held = new() { Lease = Lease };
    private static readonly ClaimOptions Unrenewed = Held with { RenewFor = TimeSpan.Zero };
    private static readonly ClaimOptions Over = Held with { OverCompleted = true };
    private static readonly ClaimOptions Refused = Unrenewed with { WhenInterrupted = InterruptedBehavior.Block };

    private readonly string _key = RedisStores.NewKey();
    private RedisServer _server = null!;
    private RedisStores _stores = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await SharedRedis.ServerAsync();
        _stores = RedisStores.Over(_server);
    }

    [TearDown]
    public async Task StopAsync() => await _stores.DisposeAsync();

    [Test]
    public async Task ClaimOfADeadHolderThatLostItsEndIsHeldOneMoreLease()
    {
        await using (var dying = RedisStores.Over(_server))
            await dying.AcquireAsync(_key, Held);
        await _server.ExecuteAsync("PERSIST", _key);
        await Task.Delay(Lease * 1.25);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("InFlight"));
        await Task.Delay(Lease * 1.1);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task ClaimOfALivingHolderThatLostItsEndIsNotTakenOver()
    {
        var claim = await _stores.AcquireAsync(_key, Held);
        await Task.Delay(Lease);
        await _server.ExecuteAsync("PERSIST", _key);

        await Task.Delay(Lease * 1.25);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("InFlight"));
        Assert.That(await RedisStores.CompleteAsync(claim, "its own"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task ClaimThatIsNotRenewedAndLostItsEndIsJudgedByTheServersTime()
    {
        await _stores.AcquireAsync(_key, Unrenewed);
        await _server.ExecuteAsync("PERSIST", _key);
        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("InFlight"));
        await _server.ExecuteAsync("PERSIST", _key);

        await Task.Delay(Lease * 1.1);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task InterruptedKeyThatLostItsEndStaysRefusedUntilItsTimeIsOver()
    {
        await _stores.AcquireAsync(_key, Refused with { BlockFor = Lease });
        await _server.ExecuteAsync("PERSIST", _key);
        await Task.Delay(Lease * 1.25);
        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("Interrupted"));
        await _server.ExecuteAsync("PERSIST", _key);

        await Task.Delay(Lease);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task RefusedForeverHasAnEndAllTheSame()
    {
        await _stores.AcquireAsync(_key, Refused);

        var life = TimeSpan.FromMilliseconds((long)(await _server.ExecuteAsync("PTTL", _key))!);

        Assert.That(life, Is.GreaterThan(TimeSpan.FromDays(36_500)));
    }

    [Test]
    public async Task RecordForeverHasNoEndBelowAClaimOverItEither()
    {
        var claim = await _stores.AcquireAsync(_key, Held);
        using (await claim.CompleteAsync(new("record"u8.ToArray()), null, CancellationToken.None))
            Assert.That(await _server.ExecuteAsync("PTTL", _key), Is.EqualTo(-1));

        await using (await _stores.AcquireAsync(_key, Over))
        {
        }

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("record"));
        Assert.That((long)(await _server.ExecuteAsync("PTTL", _key))!, Is.GreaterThan((long)TimeSpan.FromDays(36_500).TotalMilliseconds));
    }

    [Test]
    public async Task RecordBelowAClaimExpiresInItsTime()
    {
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), "record", Lease * 2);
        await _stores.AcquireAsync(_key, Over with { RenewFor = TimeSpan.Zero });
        await Task.Delay(Lease * 1.25);
        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("record"));

        await Task.Delay(Lease);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task HolderWhoseKeyIsGoneStoresItsRecordAllTheSame()
    {
        var claim = await _stores.AcquireAsync(_key, Held);
        await _server.ExecuteAsync("DEL", _key);

        Assert.That(await RedisStores.CompleteAsync(claim, "restored"), Is.EqualTo(CompletionOutcome.Restored));
        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("restored"));
    }

    [Test]
    public async Task HolderIsToldThatItsKeyIsGone()
    {
        var since = Stopwatch.GetTimestamp();
        var claim = await _stores.AcquireAsync(_key, Held with { Lease = TimeSpan.FromSeconds(30) });
        await _server.ExecuteAsync("DEL", _key);

        await Waiting.UntilAsync(() => claim.Lost.IsCancellationRequested);

        // Before the lease has run out by its own clock.
        Assert.That(Stopwatch.GetElapsedTime(since), Is.LessThan(TimeSpan.FromSeconds(30)));
    }

    [Test]
    public async Task ScriptsThatTheServerForgotAreSentAgain()
    {
        await using var server = await RedisServer.StartAsync();
        await using var stores = RedisStores.Over(server);
        var claim = await stores.AcquireAsync(_key, Held);

        await server.ExecuteAsync("SCRIPT", "FLUSH");
        Assert.That(await stores.AskAsync(_key, Held), Is.EqualTo("InFlight"));
        await server.ExecuteAsync("SCRIPT", "FLUSH");

        Assert.That(await RedisStores.CompleteAsync(claim, "record"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [TestCase("foreign")]
    [TestCase("D a value of a version to come, long enough to have the head of a record or of a claim")]
    public async Task ValueThatIsNotUnderstoodIsNeverTakenForAFreeKey(string value)
    {
        await _server.ExecuteAsync("SET", _key, value);

        Assert.That(async () => await _stores.AskAsync(_key, Over), Throws.Exception);
        Assert.That(await _server.ExecuteAsync("GET", _key), Is.EqualTo(value));
    }

    [Test]
    public async Task FencingTokenGrowsAlsoWhenTheKeyWasLost()
    {
        var before = await _stores.AcquireAsync(_key, Held);
        await _server.ExecuteAsync("DEL", _key);

        Assert.That((await _stores.AcquireAsync(_key, Held)).FencingToken, Is.GreaterThan(before.FencingToken!.Value));
    }

    [Test]
    public async Task AllLeasesOfAProcessAreRenewed()
    {
        var keys = Enumerable.Range(0, 300).Select(number => $"{_key}:{number}").ToList();
        var claims = await Task.WhenAll(keys.Select(key => _stores.AcquireAsync(key, Held)));

        await Task.Delay(Lease * 2.25);

        Assert.That(await Task.WhenAll(keys.Select(key => _stores.AskAsync(key, Held))), Is.All.EqualTo("InFlight"));
        Assert.That(claims.Count(claim => claim.Lost.IsCancellationRequested), Is.Zero);
    }

    [Test]
    public async Task TwoStoresShareTheirKeys()
    {
        await using var other = RedisStores.Over(_server);
        var claim = await other.AcquireAsync(_key, Held);
        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("InFlight"));

        await RedisStores.CompleteAsync(claim, "the other's");

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("the other's"));
    }
}
