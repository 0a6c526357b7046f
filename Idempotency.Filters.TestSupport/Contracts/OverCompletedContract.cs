using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>Claims over a completed record, as manual mode makes them.</summary>
internal abstract class OverCompletedContract<TStore> : ContractFixture<TStore>
    where TStore : IContractStore, new()
{
    [Test]
    public async Task OverCompletedClaimSeesThePreviousRecord()
    {
        await CompleteKeyAsync("previous");

        var claim = await AcquireAsync(Over);

        Assert.That(Text(claim.PreviousRecord!.Value), Is.EqualTo("previous"));
        Assert.That(await OutcomeAsync(Over), Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task OverCompletedClaimOnAFreeKeyHasNoPreviousRecord()
    {
        Assert.That((await AcquireAsync(Over)).PreviousRecord, Is.Null);
    }

    [Test]
    public async Task OverCompletedCompletionReplacesTheRecord()
    {
        await CompleteKeyAsync("previous");

        Assert.That(await CompleteAsync(await AcquireAsync(Over), "next"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await RecordAsync(Held), Is.EqualTo("next"));
    }

    [Test]
    public async Task OverCompletedReleaseLeavesTheRecordStanding()
    {
        await CompleteKeyAsync("previous");

        await (await AcquireAsync(Over)).DisposeAsync();

        Assert.That(await RecordAsync(Held), Is.EqualTo("previous"));
    }

    [Test]
    public async Task OverCompletedReleaseDoesNotProlongRetention()
    {
        await CompleteKeyAsync("previous");
        await LetTimePassAsync(Retention * 0.75);
        await (await AcquireAsync(Over)).DisposeAsync();

        await LetTimePassAsync(Retention * 0.3);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task OverCompletedLeaseThatEndsLeavesTheRecordStanding()
    {
        await CompleteKeyAsync("previous");
        await AcquireAsync(Refused with { OverCompleted = true });

        await LetTimePassAsync(Lease * 1.25);

        Assert.That(await RecordAsync(Held), Is.EqualTo("previous"));
        Assert.That(Text((await AcquireAsync(Over)).PreviousRecord!.Value), Is.EqualTo("previous"));
    }
}
