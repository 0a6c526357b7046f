using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>The cache or the lock fails, hangs, or loses its reply at each step of a request.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class CacheFaultTests(bool buffered)
{
    private CacheRig _rig = null!;

    [SetUp]
    public void Create() => _rig = new(buffered);

    [TestCase("get", Fault.Fails)]
    [TestCase("get", Fault.Hangs)]
    [TestCase("lock", Fault.Fails)]
    [TestCase("lock", Fault.Hangs)]
    [TestCase("set", Fault.Fails)]
    [TestCase("set", Fault.Hangs)]
    [TestCase("set", Fault.LosesReply)]
    public async Task CallThatFailsBeforeTheActionThrowsAndTheNextRequestRuns(string call, Fault fault)
    {
        _rig.Chaos.Once(call, fault);

        await AssertClaimThrowsAsync(fault);
        _rig.Chaos.Resume();

        await UntilFreeAsync();
    }

    [Test]
    public async Task SecondLookThatFailsLetsGoOfTheLock([Values(Fault.Fails, Fault.Hangs)] Fault fault)
    {
        var looks = 0;
        _rig.Chaos.On = call => call == "get" && ++looks == 2 ? fault : Fault.None;

        await AssertClaimThrowsAsync(fault);

        Assert.That(_rig.Locks.Count, Is.Zero);
        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task LockThatComesLateIsGivenBack([Values] bool cancelled)
    {
        using var leaving = new CancellationTokenSource();
        _rig.Chaos.Once("lock", Fault.Hangs);
        var claiming = _rig.ClaimAsync(CacheRig.Held, leaving.Token);
        await Waiting.UntilAsync(() => _rig.Chaos.Count("lock") == 1);

        if (cancelled)
            await leaving.CancelAsync();
        else
            _rig.Clock.Advance(CacheRig.OperationTimeout);
        Assert.That(
            async () => await claiming.Soon(),
            cancelled ? Throws.InstanceOf<OperationCanceledException>() : Throws.TypeOf<TimeoutException>());
        Assert.That(_rig.Locks.Count, Is.Zero);
        _rig.Chaos.Resume();

        await Waiting.UntilAsync(() => _rig.Chaos.Count("unlock") == 1);
        Assert.That(_rig.Locks.Count, Is.Zero);
    }

    [Test]
    public async Task MarkerThatComesLateIsTakenAwayBeforeTheKeyIsFree()
    {
        _rig.Chaos.Once("set", Fault.Hangs);
        await AssertClaimThrowsAsync(Fault.Hangs);
        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.InFlight), "the marker may still arrive");

        _rig.Chaos.Resume();

        await UntilFreeAsync();
        Assert.That(_rig.Chaos.Count("remove"), Is.EqualTo(1));
    }

    [Test]
    public async Task MarkerThatMayComeAfterTheLeaseIsTold()
    {
        _rig.Chaos.Once("set", Fault.Hangs);
        await AssertClaimThrowsAsync(Fault.Hangs);

        _rig.Clock.Advance(CacheRig.Lease);

        await Waiting.UntilAsync(() => _rig.Logged.Contains(54));
        await UntilFreeAsync();
    }

    [Test]
    public async Task MarkerThatCannotBeTakenAwayIsTriedAgain()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Refused);
        _rig.Chaos.Once("remove", Fault.Fails);

        await claim.DisposeAsync();

        await UntilFreeAsync();
        Assert.That(_rig.Chaos.Count("remove"), Is.EqualTo(2));
    }

    [Test]
    public async Task MarkerThatIsNeverTakenAwayLeavesTheKeyInterrupted()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Refused);
        _rig.Chaos.On = call => call == "remove" ? Fault.Fails : Fault.None;
        await claim.DisposeAsync();

        _rig.Clock.Advance(CacheRig.Lease);

        await Waiting.UntilAsync(() => _rig.Logged.Contains(54));
        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.Interrupted));
    }

    [Test]
    public async Task CompletionThatFailedSucceedsWhenItIsTriedAgain([Values(Fault.Fails, Fault.LosesReply)] Fault fault)
    {
        var claim = await _rig.AcquireAsync(CacheRig.Held);
        _rig.Chaos.Once("set", fault);

        Assert.That(() => CacheRig.CompleteAsync(claim, "answer"), Throws.TypeOf<IOException>());
        Assert.That(_rig.Locks.Count, Is.EqualTo(1), "the key stays closed");

        Assert.That(await CacheRig.CompleteAsync(claim, "answer"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("answer"));
        Assert.That(_rig.Locks.Count, Is.Zero);
    }

    [Test]
    public async Task CompletionThatHangsThrowsAndMayBeRepeated()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Held);
        _rig.Chaos.Once("set", Fault.Hangs);
        var completing = CacheRig.CompleteAsync(claim, "answer");
        _rig.Clock.Advance(CacheRig.OperationTimeout);
        Assert.That(() => completing, Throws.TypeOf<TimeoutException>());

        Assert.That(await CacheRig.CompleteAsync(claim, "answer"), Is.EqualTo(CompletionOutcome.Stored));
        _rig.Chaos.Resume();
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("answer"));
    }

    [Test]
    public async Task RecordIsStoredThoughUnlockingFails([Values(Fault.Fails, Fault.Hangs)] Fault fault)
    {
        var claim = await _rig.AcquireAsync(CacheRig.Held);
        _rig.Chaos.On = call => call == "unlock" ? fault : Fault.None;

        var completing = CacheRig.CompleteAsync(claim, "answer");
        _rig.Clock.Advance(CacheRig.OperationTimeout);

        Assert.That(await completing, Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(_rig.Logged, Is.EqualTo([52]));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("answer"));
    }

    private async Task AssertClaimThrowsAsync(Fault fault)
    {
        var claiming = _rig.ClaimAsync(CacheRig.Refused);
        if (fault is Fault.Hangs)
            _rig.Clock.Advance(CacheRig.OperationTimeout);

        Assert.That(() => claiming.Soon(), fault is Fault.Hangs ? Throws.TypeOf<TimeoutException>() : Throws.TypeOf<IOException>());
    }

    /// <summary>A claim that was given up is undone in the background. The key is never interrupted meanwhile.</summary>
    private async Task UntilFreeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        ClaimOutcome outcome;
        while ((outcome = await _rig.OutcomeAsync()) == ClaimOutcome.InFlight)
            await Task.Delay(1, limit.Token);

        Assert.That(outcome, Is.EqualTo(ClaimOutcome.Acquired));
        Assert.That(await _rig.Inner.GetAsync(CacheRig.Key), Is.Null, "no marker is left");
    }
}
