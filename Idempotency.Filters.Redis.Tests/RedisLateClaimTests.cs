using Idempotency.Filters.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>
/// Calls that a broken connection holds back, and that arrive at the server when nobody counts on them any more: no key is closed by them
/// for longer than a moment. The leases are longer than the tests.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisLateClaimTests : OwnRedisTests
{
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(10), WhenInterrupted = InterruptedBehavior.Block };
    private static readonly ClaimOptions Over = Held with { OverCompleted = true };

    private readonly string _key = RedisStores.NewKey();
    private LateProxy _proxy = null!;
    private RedisStores _near = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _proxy = new(Server.Port);
        _near = RedisStores.Over(Server);

        // The server knows the scripts.
        var other = RedisStores.NewKey();
        await RedisStores.CompleteAsync(await _near.AcquireAsync(other, Held), "record");
        await (await _near.AcquireAsync(other + "2", Held)).DisposeAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _near.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Test]
    public async Task ClaimThatNobodyWaitsForAnyMoreIsReleasedWhenItArrives()
    {
        await using var far = await FarAsync(TimeSpan.FromSeconds(2));
        _proxy.Hold();
        var claiming = far.AcquireAsync(_key, Held);
        await _proxy.HeldAsync();
        _proxy.Cut(refuse: true);
        Assert.That(async () => await claiming.Soon(), Throws.Exception);
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        _proxy.Heal();
        // The release has come, and has found nothing.
        await UntilReleasesCameAsync(1);

        await _proxy.DeliverAsync();

        await UntilFreeAsync();
    }

    [Test]
    public async Task AttemptThatArrivesAfterTheReleaseOfTheNextIsReleased()
    {
        await using var far = await FarAsync();
        _proxy.Hold();
        var claiming = far.AcquireAsync(_key, Held);
        await _proxy.HeldAsync();
        _proxy.Cut();
        var claim = await claiming.Soon();
        await claim.DisposeAsync();
        Assert.That(await Server.ExecuteAsync("EXISTS", _key), Is.Zero);

        await _proxy.DeliverAsync();

        await UntilFreeAsync();
    }

    [Test]
    public async Task AttemptThatArrivesAfterTheNextWasRefusedIsReleased()
    {
        var holder = await _near.AcquireAsync(_key, Held);
        await using var far = await FarAsync();
        _proxy.Hold();
        var asking = far.AskAsync(_key, Held);
        await _proxy.HeldAsync();
        _proxy.Cut();
        Assert.That(await asking.Soon(), Is.EqualTo("InFlight"));
        await holder.DisposeAsync();

        await _proxy.DeliverAsync();

        await UntilFreeAsync();
    }

    [Test]
    public async Task AttemptThatArrivesAfterTheCompletionClaimsNothing([Values] bool over)
    {
        await RedisStores.CompleteAsync(await _near.AcquireAsync(_key, Held), "previous");
        await using var far = await FarAsync();
        _proxy.Hold();
        var claiming = far.AcquireAsync(_key, Over);
        await _proxy.HeldAsync();
        _proxy.Cut();
        var claim = await claiming.Soon();
        await RedisStores.CompleteAsync(claim, "record");

        await _proxy.DeliverAsync();

        Assert.That(await _near.AskAsync(_key, over ? Over : Held), Is.EqualTo(over ? "Acquired" : "record"));
    }

    [Test]
    public async Task AttemptThatArrivesAfterAnotherClaimedOverItsCompletionClaimsNothing()
    {
        await RedisStores.CompleteAsync(await _near.AcquireAsync(_key, Held), "previous");
        await using var far = await FarAsync();
        _proxy.Hold();
        var claiming = far.AcquireAsync(_key, Over);
        await _proxy.HeldAsync();
        _proxy.Cut();
        await RedisStores.CompleteAsync(await claiming.Soon(), "record");
        await (await _near.AcquireAsync(_key, Over)).DisposeAsync();

        await _proxy.DeliverAsync();

        Assert.That(await _near.AskAsync(_key, Held), Is.EqualTo("record"));
    }

    [Test]
    public async Task RenewalThatArrivesAfterTheReleaseHoldsNoRecordBack()
    {
        var clock = new FakeTimeProvider();
        await RedisStores.CompleteAsync(await _near.AcquireAsync(_key, Held), "record");
        await using var far = RedisStores.Over(_proxy.Address, clock: clock);
        var claim = await far.AcquireAsync(_key, Over);
        _proxy.Hold();
        clock.Advance(Held.Lease / 2);
        await _proxy.HeldAsync();
        _proxy.Cut();
        var releasing = claim.DisposeAsync().AsTask();
        await UntilAsync(clock, () => Task.FromResult(releasing.IsCompleted));
        Assert.That(await _near.AskAsync(_key, Held), Is.EqualTo("record"));

        await _proxy.DeliverAsync();

        Assert.That(await _near.AskAsync(_key, Held), Is.EqualTo("InFlight"));
        await UntilAsync(clock, async () => await _near.AskAsync(_key, Held) == "record");
    }

    [Test]
    public async Task NothingIsRepeatedThatIsNotInDoubt()
    {
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        var claim = await _near.AcquireAsync(_key, Held);
        Assert.That(await _near.AskAsync(_key, Held), Is.EqualTo("InFlight"));
        await claim.DisposeAsync();

        await Task.Delay(TimeSpan.FromSeconds(1));

        Assert.That((await Server.CommandStatsAsync())["evalsha"], Is.EqualTo(3));
    }

    /// <summary>A store behind the network, connected.</summary>
    private async Task<RedisStores> FarAsync(TimeSpan? timeout = null)
    {
        var far = RedisStores.Over(_proxy.Address, options => options.OperationTimeout = timeout ?? TimeSpan.FromSeconds(20));
        await far.AskAsync(_key + "2", Held);
        return far;
    }

    /// <summary>As long as the store's clock goes on.</summary>
    private static Task UntilAsync(FakeTimeProvider clock, Func<Task<bool>> condition) => Waiting.UntilAsync(() =>
    {
        clock.Advance(TimeSpan.FromMilliseconds(10));
        return condition();
    });

    private Task UntilReleasesCameAsync(int count) =>
        Waiting.UntilAsync(async () => (await Server.CommandStatsAsync()).GetValueOrDefault("getrange") >= count);

    /// <summary>The late claim has been granted, since the server has done what was late; then it is given up.</summary>
    private async Task UntilFreeAsync()
    {
        await Waiting.UntilAsync(async () => Equals(await Server.ExecuteAsync("EXISTS", _key), 0L));
        Assert.That(await _near.AskAsync(_key, Held), Is.EqualTo("Acquired"));
    }
}
