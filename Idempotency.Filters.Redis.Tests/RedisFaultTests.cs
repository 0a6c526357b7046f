using Idempotency.Filters.Stores;
using NUnit.Framework.Constraints;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>Replies that are lost, connections that are cut, servers that pause or die: no key is orphaned, and nothing hangs.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisFaultTests : OwnRedisTests
{
    private static readonly ClaimOptions Refused = new() { Lease = TimeSpan.FromSeconds(30), WhenInterrupted = InterruptedBehavior.Block };

    // The store's own, not that of the test.
    private static IResolveConstraint TimeIsUp => Throws.InstanceOf<TimeoutException>().With.Message.Contains("Redis did not answer");

    private readonly string _key = RedisStores.NewKey();
    private CuttableProxy _proxy = null!;
    private RedisStores _near = null!;
    private RedisStores _far = null!;

    protected override string[] ServerArguments => ["--appendonly", "yes", "--appendfsync", "always"];

    [SetUp]
    public async Task StartAsync()
    {
        _proxy = new CuttableProxy(Server.Port);
        _near = RedisStores.Over(Server, Impatient);
        _far = RedisStores.Over(_proxy.Address, Impatient);

        // Connected, and the server knows the scripts.
        var other = RedisStores.NewKey();
        await RedisStores.CompleteAsync(await _far.AcquireAsync(other, Refused), "record");
        await (await _near.AcquireAsync(other + "2", Refused)).DisposeAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _near.DisposeAsync();
        await _far.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Test]
    public async Task ClaimWhoseReplyWasLostIsAcquiredAtTheNextAttempt()
    {
        await using var patient = RedisStores.Over(_proxy.Address);
        await patient.AskAsync(_key + "2", Refused);
        _proxy.LoseReplies();
        var claiming = patient.AcquireAsync(_key, Refused);
        await RedisStores.UntilAsync(Server, 1L, "EXISTS", _key);

        _proxy.Cut();

        var claim = await claiming.Soon();
        Assert.That(await RedisStores.CompleteAsync(claim, "record"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task ClaimWhoseReplyNeverCameIsReleasedAndTheNextRequestRuns()
    {
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        _proxy.LoseReplies();

        Assert.That(async () => await _far.AskAsync(_key, Refused).Soon(), TimeIsUp);
        await UntilReleasedAsync();

        Assert.That(await _near.AskAsync(_key, Refused), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task ClaimThatWasGivenUpInAnOutageIsReleasedAfterIt()
    {
        _proxy.LoseReplies();
        var claiming = _far.AskAsync(_key, Refused);
        await RedisStores.UntilAsync(Server, 1L, "EXISTS", _key);
        _proxy.Cut(refuse: true);
        Assert.That(async () => await claiming.Soon(), Throws.Exception);
        Assert.That(await _near.AskAsync(_key, Refused), Is.EqualTo("InFlight"));

        // Longer than the first attempt to release lasts.
        await Task.Delay(TimeSpan.FromSeconds(3));
        _proxy.Heal();

        await RedisStores.UntilAsync(Server, 0L, "EXISTS", _key);
        Assert.That(await _near.AskAsync(_key, Refused), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task ClaimThatAPausedServerGrantsLaterIsReleased()
    {
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        await Server.PauseAsync();
        Assert.That(async () => await _near.AskAsync(_key, Refused).Soon(), TimeIsUp);

        await Server.ResumeAsync();
        await UntilReleasedAsync();

        Assert.That(await _near.AskAsync(_key, Refused), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task ClaimThatIsCancelledIsReleased()
    {
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        using var leaving = new CancellationTokenSource();
        await Server.PauseAsync();
        var claiming = _near.Store.ClaimAsync(_key, Refused, leaving.Token).AsTask();

        await leaving.CancelAsync();
        Assert.That(async () => await claiming.Soon(), Throws.InstanceOf<OperationCanceledException>());
        await Server.ResumeAsync();

        await UntilReleasedAsync();
    }

    [Test]
    public async Task CompletionWhoseReplyWasLostIsStoredOnce()
    {
        await using var patient = RedisStores.Over(_proxy.Address);
        var claim = await patient.AcquireAsync(_key, Refused);
        _proxy.LoseReplies();
        var completing = RedisStores.CompleteAsync(claim, "record");
        await RedisStores.UntilAsync(Server, "R", "GETRANGE", _key, "0", "0");

        _proxy.Cut();

        Assert.That(await completing.Soon(), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await _near.AskAsync(_key, Refused), Is.EqualTo("record"));
    }

    [Test]
    public async Task CompletionThatFailedMayBeRepeatedAlsoWhenItWasStored()
    {
        var claim = await _far.AcquireAsync(_key, Refused with { Lease = TimeSpan.FromSeconds(24) });
        _proxy.LoseReplies();
        Assert.That(async () => await RedisStores.CompleteAsync(claim, "record").Soon(), TimeIsUp);
        _proxy.Cut();

        // Renewed meanwhile, and not told that the key is another's.
        await Task.Delay(TimeSpan.FromSeconds(9));
        Assert.That(claim.Lost.IsCancellationRequested, Is.False);
        Assert.That(await RedisStores.CompleteAsync(claim, "record"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task ReleaseThatFailedIsRepeated()
    {
        var claim = await _far.AcquireAsync(_key, Refused);
        _proxy.Cut(refuse: true);

        await claim.DisposeAsync().AsTask().Soon();
        Assert.That(await _near.AskAsync(_key, Refused), Is.EqualTo("InFlight"));
        _proxy.Heal();

        await RedisStores.UntilAsync(Server, 0L, "EXISTS", _key);
    }

    [Test]
    public async Task PausedServerDelaysNoCallForLongAndIsFoundAgain()
    {
        var claim = await _near.AcquireAsync(_key, Refused);
        await Server.PauseAsync();

        Assert.That(async () => await _near.AskAsync(_key, Refused).Soon(), TimeIsUp);
        Assert.That(async () => await RedisStores.CompleteAsync(claim, "record").Soon(), TimeIsUp);
        Assert.That(async () => await _near.WaitAsync(_key, Refused).Soon(), TimeIsUp);
        await Server.ResumeAsync();

        Assert.That(await RedisStores.CompleteAsync(claim, "record"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task ServerThatDiesAndComesBackIsFoundAgain()
    {
        var claim = await _near.AcquireAsync(_key, Refused);
        await Server.KillAsync();
        Assert.That(async () => await _near.AskAsync(_key, Refused).Soon(), Throws.Exception);
        Assert.That(async () => await RedisStores.CompleteAsync(claim, "record").Soon(), Throws.Exception);

        await Server.RestartAsync();

        await Waiting.UntilAsync(() => CompletesAsync(claim));
        Assert.That(await _near.AskAsync(_key, Refused), Is.EqualTo("record"));
    }

    [Test]
    public async Task HolderThatIsCutOffForItsLeaseIsToldAndMayStillComplete()
    {
        var claim = await _far.AcquireAsync(_key, new() { Lease = TimeSpan.FromSeconds(1.2) });
        _proxy.Cut(refuse: true);

        await Waiting.UntilAsync(() => claim.Lost.IsCancellationRequested);
        _proxy.Heal();

        await Waiting.UntilAsync(() => CompletesAsync(claim));
        Assert.That(await _near.AskAsync(_key, Refused), Is.EqualTo("record"));
    }

    [Test]
    public async Task RenewalThatFailedIsRepeatedBeforeTheLeaseEnds()
    {
        const int RenewalFailed = 65;
        var claim = await _far.AcquireAsync(_key, new() { Lease = TimeSpan.FromSeconds(12) });
        _proxy.Cut(refuse: true);
        await Waiting.UntilAsync(() => _far.Logs.Lines.Any(line => line.Id.Id == RenewalFailed));
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        _proxy.Heal();

        await Waiting.UntilAsync(async () => (await Server.CommandStatsAsync()).GetValueOrDefault("pexpire") > 0);

        Assert.That(claim.Lost.IsCancellationRequested, Is.False);
        Assert.That(await _near.AskAsync(_key, Refused), Is.EqualTo("InFlight"));
    }

    private static void Impatient(RedisStoreOptions options) => options.OperationTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The claim had been granted, and is given up: the key is there no more, and was deleted, not expired.</summary>
    private async Task UntilReleasedAsync()
    {
        await Waiting.UntilAsync(async () => (await Server.CommandStatsAsync()).GetValueOrDefault("del") > 0);
        Assert.That(await Server.ExecuteAsync("EXISTS", _key), Is.Zero);
    }

    private static async Task<bool> CompletesAsync(IdempotencyClaim claim)
    {
        try
        {
            return await RedisStores.CompleteAsync(claim, "record") is CompletionOutcome.Stored or CompletionOutcome.Restored;
        }
        catch (Exception)
        {
            return false;
        }
    }
}
