using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>What happens to a claim when time passes, and to one that outlives its lease.</summary>
internal abstract class LeaseContract<TStore> : ContractFixture<TStore>
    where TStore : IContractStore, new()
{
    [Test]
    public async Task HeldClaimOutlivesItsLease()
    {
        var claim = await AcquireAsync(Held);

        await LetTimePassAsync(Lease * 3);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));
        Assert.That(claim.Lost.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task UnrenewedClaimIsTakenOverAfterItsLease()
    {
        await AcquireAsync(Unrenewed);
        await LetTimePassAsync(Lease * 0.5);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));

        await LetTimePassAsync(Lease * 0.5);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task RenewalEndsALeaseAfterRenewFor()
    {
        await AcquireAsync(Held with { RenewFor = Lease * 2 });
        // More than a lease before the end, so that a machine which is late still sees it in flight.
        await LetTimePassAsync(Lease * 1.25);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));

        await LetTimePassAsync(Lease * 2);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task AbandonedClaimKeepsTheKeyClosedUntilItsLeaseEnds()
    {
        var claim = await AcquireAsync(Held);
        claim.Abandon();
        await claim.DisposeAsync();
        await LetTimePassAsync(Lease * 0.5);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));

        await LetTimePassAsync(Lease * 0.75);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task AbandonDoesNotProlongALease()
    {
        var claim = await AcquireAsync(Unrenewed);
        await LetTimePassAsync(Lease * 0.5);

        claim.Abandon();
        await LetTimePassAsync(Lease * 0.5);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task AbandonedClaimMayStillComplete()
    {
        var claim = await AcquireAsync(Held);
        claim.Abandon();
        await claim.DisposeAsync();

        Assert.That(await CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await RecordAsync(Held), Is.EqualTo("late"));
    }

    [Test]
    public async Task CompletionAfterTheLeaseSucceedsIfNobodyTookOver()
    {
        var claim = await AcquireAsync(Unrenewed);
        await LetTimePassAsync(Lease * 1.25);

        Assert.That(await CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await RecordAsync(Held), Is.EqualTo("late"));
    }

    [Test]
    public async Task CompletionLongAfterTheLeaseSucceedsIfNobodyTookOver()
    {
        var claim = await AcquireAsync(Unrenewed);
        await LetTimePassAsync(Lease * 5);

        Assert.That(
            await CompleteAsync(claim, "very late"), Is.EqualTo(CompletionOutcome.Stored).Or.EqualTo(CompletionOutcome.Restored));
        Assert.That(await RecordAsync(Held), Is.EqualTo("very late"));
    }

    [Test]
    public async Task ZombieCannotRelease()
    {
        var zombie = await AcquireAsync(Unrenewed);
        await LetTimePassAsync(Lease * 1.25);
        await AcquireAsync(Held);

        await zombie.DisposeAsync();

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task ZombieCannotAbandon()
    {
        var zombie = await AcquireAsync(Unrenewed);
        await LetTimePassAsync(Lease * 1.25);
        await AcquireAsync(Held);

        zombie.Abandon();
        await LetTimePassAsync(Lease * 1.25);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task FormerHolderIsToldThatItsKeyWasTakenOver()
    {
        var zombie = await AcquireAsync(Unrenewed);
        var told = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = zombie.Lost.Register(() => told.SetResult(true));
        await LetTimePassAsync(Lease * 1.25);

        var owner = await AcquireAsync(Held);

        Assert.That(await Soon(told.Task), Is.True);
        Assert.That(owner.Lost.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task RefusedKeyStaysInterrupted()
    {
        await AcquireAsync(Refused);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));

        await LetTimePassAsync(Lease * 1.25);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Interrupted));

        await LetTimePassAsync(Retention);
        Assert.That(await OutcomeAsync(Over), Is.EqualTo(ClaimOutcome.Interrupted));
    }

    [Test]
    public async Task RefusedKeyIsFreeAfterRefuseFor()
    {
        await AcquireAsync(Refused with { BlockFor = Lease * 2 });
        await LetTimePassAsync(Lease * 2.5);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Interrupted));

        await LetTimePassAsync(Lease * 0.75);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task AbandonedRefusedKeyIsInterrupted()
    {
        var claim = await AcquireAsync(Held with { WhenInterrupted = InterruptedBehavior.Block });
        claim.Abandon();

        await LetTimePassAsync(Lease * 1.25);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Interrupted));
    }

    [Test]
    public async Task InterruptedHolderMayStillComplete()
    {
        var claim = await AcquireAsync(Refused);
        await LetTimePassAsync(Lease * 1.25);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Interrupted));

        Assert.That(await CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await RecordAsync(Held), Is.EqualTo("late"));
    }

    [Test]
    public async Task InterruptedHolderMayStillRelease()
    {
        var claim = await AcquireAsync(Refused);
        await LetTimePassAsync(Lease * 1.25);

        await claim.DisposeAsync();

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }
}
