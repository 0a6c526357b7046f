using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>Locks that are lost, and leases that end.</summary>
internal sealed class CacheLeaseTests
{
    private CacheRig _rig = null!;

    [SetUp]
    public void Create() => _rig = new();

    [Test]
    public async Task LostLockIsToldToTheHolder()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Held);
        Assert.That(claim.Lost.IsCancellationRequested, Is.False);

        await _rig.Lock.LoseAsync();

        Assert.That(claim.Lost.IsCancellationRequested, Is.True);
    }

    [Test]
    public async Task CompletionAfterTheLockWasLostTakesItAgain()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Held);
        await _rig.Lock.LoseAsync();
        _rig.Chaos.Forget();

        Assert.That(await CacheRig.CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.Restored));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("late"));
        Assert.That(_rig.Chaos.Calls, Does.StartWith("unlock lock get set unlock"));
        Assert.That(_rig.Locks.Count, Is.Zero);
    }

    [Test]
    public async Task CompletionAfterTheLockWasLostFindsTheRecordOfAnother([Values] bool refuses)
    {
        var options = refuses ? CacheRig.Refused with { RenewFor = null } : CacheRig.Held;
        var loser = await _rig.AcquireAsync(options);
        await _rig.Lock.LoseAsync();
        await _rig.Inner.RemoveAsync(CacheRig.Key);
        await CacheRig.CompleteAsync(await _rig.AcquireAsync(options), "winner");

        Assert.That(await CacheRig.CompleteAsync(loser, "loser"), Is.EqualTo(CompletionOutcome.LeaseLost));
        await loser.DisposeAsync();
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("winner"));
        Assert.That(_rig.Locks.Count, Is.Zero);
    }

    [Test]
    public async Task CompletionWhileAnotherRunsIsRefused()
    {
        var loser = await _rig.AcquireAsync(CacheRig.Unrenewed);
        _rig.Clock.Advance(CacheRig.Lease);
        var winner = await _rig.AcquireAsync(CacheRig.Held);

        Assert.That(await CacheRig.CompleteAsync(loser, "loser"), Is.EqualTo(CompletionOutcome.LeaseLost));
        Assert.That(await CacheRig.CompleteAsync(winner, "winner"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await CacheRig.CompleteAsync(loser, "loser"), Is.EqualTo(CompletionOutcome.LeaseLost));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("winner"));
    }

    /// <summary>The connection to the lock service broke, and the service keeps the lock until it expires.</summary>
    [Test]
    public async Task CompletionWhileItsOwnLostLockStandsIsTriedAgain()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Held);
        await _rig.Lock.LoseInNameOnlyAsync();
        _rig.Chaos.Once("unlock", Fault.Fails);
        Assert.That(async () => await CacheRig.CompleteAsync(claim, "late"), Throws.TypeOf<TimeoutException>());
        _rig.Clock.Advance(CacheRig.Lease / 2);
        Assert.That(async () => await CacheRig.CompleteAsync(claim, "late"), Throws.TypeOf<TimeoutException>());

        await _rig.Lock.LoseUnnoticedAsync();

        Assert.That(await CacheRig.CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.Restored));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("late"));
    }

    [Test]
    public async Task CompletionWhileTheLockOfAnEndedLeaseCouldNotBeGivenBackIsTriedAgain()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Unrenewed);
        _rig.Chaos.Once("unlock", Fault.Fails);
        _rig.Clock.Advance(CacheRig.Lease);
        await Waiting.UntilAsync(() => _rig.Logged.Contains(52));
        Assert.That(async () => await CacheRig.CompleteAsync(claim, "late"), Throws.TypeOf<TimeoutException>());

        await _rig.Lock.LoseUnnoticedAsync();

        Assert.That(await CacheRig.CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("late"));
    }

    /// <summary>The timer ended the lease, and the lock service is slow to release the lock.</summary>
    [Test]
    public async Task CompletionWhileTheLockOfAnEndedLeaseIsGivenBackIsTriedAgain()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Unrenewed);
        _rig.Chaos.Once("unlock", Fault.Hangs);
        _rig.Clock.Advance(CacheRig.Lease);
        await Waiting.UntilAsync(() => _rig.Chaos.Count("unlock") == 1);
        Assert.That(async () => await CacheRig.CompleteAsync(claim, "late"), Throws.TypeOf<TimeoutException>());

        _rig.Chaos.Resume();
        await Waiting.UntilAsync(() => _rig.Locks.Count == 0);

        Assert.That(await CacheRig.CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("late"));
    }

    /// <summary>After one lease, a lock that is still taken must belong to another claim.</summary>
    [Test]
    public async Task LostLockIsWaitedForAsLongAsALease()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Held);
        await _rig.Lock.LoseAsync();
        await _rig.AcquireAsync(CacheRig.Held);
        _rig.Clock.Advance(CacheRig.Lease - TimeSpan.FromTicks(1));
        Assert.That(async () => await CacheRig.CompleteAsync(claim, "late"), Throws.TypeOf<TimeoutException>());

        _rig.Clock.Advance(TimeSpan.FromTicks(1));

        Assert.That(await CacheRig.CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.LeaseLost));
    }

    [Test]
    public async Task CompletionAfterTheLockWasLostIsRefusedAtOnceWhenAnotherIsKnown()
    {
        var loser = await _rig.AcquireAsync(CacheRig.Held);
        await _rig.Lock.LoseAsync();
        await _rig.CompleteKeyAsync("winner");
        await _rig.AcquireAsync(CacheRig.Over);

        Assert.That(await CacheRig.CompleteAsync(loser, "loser"), Is.EqualTo(CompletionOutcome.LeaseLost));
    }

    /// <summary>Like the other stores: restored if the claim was gone, stored if it was there.</summary>
    [Test]
    public async Task CompletionAfterTheLockWasLostTellsWhetherTheMarkerWasThere([Values] bool there)
    {
        var claim = await _rig.AcquireAsync(CacheRig.Refused with { RenewFor = null });
        await _rig.Lock.LoseAsync();
        if (!there)
            await _rig.Inner.RemoveAsync(CacheRig.Key);

        Assert.That(await CacheRig.CompleteAsync(claim, "late"), Is.EqualTo(there ? CompletionOutcome.Stored : CompletionOutcome.Restored));
    }

    /// <summary>A retry that is refused as interrupted takes the lock while it looks, and so does an operator.</summary>
    [Test]
    public async Task CompletionWhileAnotherOnlyLooksIsTriedAgain()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Refused);
        _rig.Clock.Advance(CacheRig.Lease);
        var looking = await _rig.Locks.TryAcquireAsync($"{CacheRig.Key}:lock", CancellationToken.None);

        Assert.That(async () => await CacheRig.CompleteAsync(claim, "late"), Throws.TypeOf<TimeoutException>());
        await looking!.DisposeAsync();

        Assert.That(await CacheRig.CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("late"));
    }

    [Test]
    public async Task CompletionWhoseReplyWasLostIsKnownWhileAnotherHasTheLock()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Unrenewed);
        _rig.Chaos.Once("set", Fault.LosesReply);
        Assert.That(async () => await CacheRig.CompleteAsync(claim, "first"), Throws.TypeOf<IOException>());
        _rig.Clock.Advance(CacheRig.Lease);
        await _rig.AcquireAsync(CacheRig.Over);

        Assert.That(await CacheRig.CompleteAsync(claim, "first"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task MarkerThatIsLookedAtWhileItsClaimIsGivenUpIsTold()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Refused);
        _rig.Clock.Advance(CacheRig.Lease);
        await _rig.Locks.TryAcquireAsync($"{CacheRig.Key}:lock", CancellationToken.None);

        await claim.DisposeAsync();

        await Waiting.UntilAsync(() => _rig.Logged.Contains(54));
    }

    [Test]
    public async Task CompletionAfterTheLockWasLostKeepsTheRecordThoughTheLockIsDown()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Held);
        await _rig.Lock.LoseAsync();
        _rig.Chaos.On = call => call == "lock" ? Fault.Fails : Fault.None;

        Assert.That(await CacheRig.CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.Restored));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("late"));
        Assert.That(_rig.Logged, Is.EqualTo([53]));
    }

    [Test]
    public async Task CompletionOverARecordAfterTheLockWasLostKnowsThatRecord()
    {
        await _rig.CompleteKeyAsync("previous");
        var claim = await _rig.AcquireAsync(CacheRig.Over);
        await _rig.Lock.LoseAsync();

        Assert.That(await CacheRig.CompleteAsync(claim, "next"), Is.EqualTo(CompletionOutcome.Restored));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("next"));
    }

    [Test]
    public async Task ReleaseAfterTheLockWasLostLeavesTheMarkerOfAnother()
    {
        var loser = await _rig.AcquireAsync(CacheRig.Refused with { RenewFor = null });
        await _rig.Lock.LoseAsync();
        await _rig.Inner.RemoveAsync(CacheRig.Key);
        await _rig.AcquireAsync(CacheRig.Refused);

        await loser.DisposeAsync();

        _rig.Clock.Advance(CacheRig.Lease);
        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.Interrupted));
    }

    /// <summary>Not a promise, but the documented limit of a store without compare-and-set.</summary>
    [Test]
    public async Task LockThatIsLostUnnoticedLetsARecordBeOverwritten()
    {
        var first = await _rig.AcquireAsync(CacheRig.Held);
        await _rig.Lock.LoseUnnoticedAsync();
        await CacheRig.CompleteAsync(await _rig.AcquireAsync(CacheRig.Held), "second");

        Assert.That(await CacheRig.CompleteAsync(first, "first"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("first"));
    }

    [Test]
    public async Task LeaseDoesNotEndInTheMiddleOfACompletion()
    {
        _rig = new(operationTimeout: TimeSpan.FromDays(1));
        var claim = await _rig.AcquireAsync(CacheRig.Unrenewed);
        _rig.Chaos.Once("set", Fault.Hangs);
        var completing = CacheRig.CompleteAsync(claim, "answer");

        _rig.Clock.Advance(CacheRig.Lease * 2);
        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.InFlight));
        _rig.Chaos.Resume();

        Assert.That(await completing, Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("answer"));
    }

    [Test]
    public async Task LeaseThatWasOverDuringAFailedCompletionEndsAfterIt()
    {
        _rig = new(operationTimeout: CacheRig.Lease);
        var claim = await _rig.AcquireAsync(CacheRig.Unrenewed);
        _rig.Clock.Advance(CacheRig.Lease / 2);
        _rig.Chaos.Once("set", Fault.Hangs);
        var completing = CacheRig.CompleteAsync(claim, "answer");
        _rig.Clock.Advance(CacheRig.Lease);

        Assert.That(() => completing, Throws.TypeOf<TimeoutException>());

        Assert.That(claim.Lost.IsCancellationRequested, Is.True);
        Assert.That(_rig.Locks.Count, Is.Zero);
    }

    [Test]
    public async Task NoTimerIsLeftBehind([Values] bool completes)
    {
        var claim = await _rig.AcquireAsync(CacheRig.Unrenewed);
        Assert.That(_rig.Clock.ActiveTimers, Is.EqualTo(1));

        if (completes)
            await CacheRig.CompleteAsync(claim, "answer");
        else
            await claim.DisposeAsync();

        Assert.That(_rig.Clock.ActiveTimers, Is.Zero);
    }

    [Test]
    public async Task LeaseThatIsLongerThanATimerCountsEndsInTime()
    {
        await _rig.AcquireAsync(CacheRig.Held with { RenewFor = TimeSpan.FromDays(60) });

        _rig.Clock.Advance(TimeSpan.FromDays(60));
        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.InFlight));
        _rig.Clock.Advance(CacheRig.Lease);

        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task MarkerCountsFromTheLatestEndOfTheLease()
    {
        var options = CacheRig.Refused with { RenewFor = TimeSpan.FromMinutes(5) };
        await _rig.AcquireAsync(options);
        await _rig.Lock.LoseAsync();

        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.Interrupted), "its process died at once");
        _rig.Clock.Advance(TimeSpan.FromMinutes(5) + CacheRig.Lease + CacheRig.Retention - TimeSpan.FromTicks(1));
        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.Interrupted));
        _rig.Clock.Advance(TimeSpan.FromTicks(1));
        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task MarkerOfAClaimWithoutAnEndStaysUntilItIsResolved()
    {
        await _rig.AcquireAsync(CacheRig.Refused with { RenewFor = null });
        await _rig.Lock.LoseAsync();

        _rig.Clock.Advance(TimeSpan.FromDays(1000));

        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.Interrupted));
    }
}
