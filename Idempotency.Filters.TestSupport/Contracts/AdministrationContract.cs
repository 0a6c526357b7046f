using System.Buffers;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>What an operator finds, and resolves.</summary>
internal abstract class AdministrationContract<TStore> : ContractFixture<TStore>
    where TStore : IAdministeredStore, new()
{
    [Test]
    public async Task FreeKeyIsNotFound()
    {
        Assert.That(await FindAsync(), Is.Null);

        await (await AcquireAsync(Held)).DisposeAsync();

        Assert.That(await FindAsync(), Is.Null);
    }

    [Test]
    public async Task HeldKeyIsFoundInFlight()
    {
        await AcquireAsync(Held);

        var found = await FindAsync();

        Assert.That(found!.State, Is.EqualTo(ClaimOutcome.InFlight));
        Assert.That(found.Record.IsEmpty, Is.True);
    }

    [Test]
    public async Task CompletedKeyIsFoundWithItsRecord()
    {
        await CompleteKeyAsync("the answer");

        var found = await FindAsync();

        Assert.That(found!.State, Is.EqualTo(ClaimOutcome.Completed));
        Assert.That(Text(new(found.Record)), Is.EqualTo("the answer"));
    }

    [Test]
    public async Task KeyIsFoundInFlightWhileItsRecordIsReplaced()
    {
        await CompleteKeyAsync("previous");
        await AcquireAsync(Over);

        Assert.That((await FindAsync())!.State, Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task InterruptedKeyIsFoundInterrupted()
    {
        Assert.That((await InterruptAsync()).State, Is.EqualTo(ClaimOutcome.Interrupted));
    }

    [Test]
    public async Task KeyWhoseLeaseEndedUnderRetryIsNotFound()
    {
        await AcquireAsync(Unrenewed);
        await LetTimePassAsync(Lease * 1.25);

        Assert.That(await FindAsync(), Is.Null);
    }

    [Test]
    public async Task ExpiredRecordIsNotFound()
    {
        await CompleteKeyAsync("short-lived");
        await LetTimePassAsync(Retention * 1.25);

        Assert.That(await FindAsync(), Is.Null);
    }

    [Test]
    public async Task FindingChangesNothing()
    {
        await CompleteKeyAsync("short-lived");
        var found = await FindAsync();
        await LetTimePassAsync(Retention * 0.75);
        var again = await FindAsync();
        Assert.That(again!.Version, Is.EqualTo(found!.Version));
        Assert.That(await RecordAsync(Held), Is.EqualTo("short-lived"));

        await LetTimePassAsync(Retention * 0.5);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task InterruptedKeyIsResolvedByARecord()
    {
        var found = await InterruptAsync();

        Assert.That(await ResolveAsync(found, "resolved"), Is.True);
        Assert.That(await RecordAsync(Held), Is.EqualTo("resolved"));
    }

    [Test]
    public async Task InterruptedKeyIsResolvedToFree()
    {
        var found = await InterruptAsync();

        Assert.That(await ResolveAsync(found, null), Is.True);
        Assert.That(await FindAsync(), Is.Null);
        Assert.That(await CompleteAsync(await AcquireAsync(Held), "second run"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [TestCase("resolved")]
    [TestCase("")]
    public async Task RecordIsReplaced(string record)
    {
        await CompleteKeyAsync("unknown");

        Assert.That(await ResolveAsync((await FindAsync())!, record), Is.True);
        Assert.That(await RecordAsync(Held), Is.EqualTo(record));
    }

    [Test]
    public async Task RecordIsResolvedToFree()
    {
        await CompleteKeyAsync("unknown");

        Assert.That(await ResolveAsync((await FindAsync())!, null), Is.True);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task ResolvedRecordIsCopied()
    {
        var buffer = "resolved"u8.ToArray();
        await Administration.ResolveAsync(Key, await InterruptAsync(), new ReadOnlySequence<byte>(buffer), Retention, None);

        buffer.AsSpan().Fill((byte)'x');

        Assert.That(await RecordAsync(Held), Is.EqualTo("resolved"));
    }

    [Test]
    public async Task ResolvedRecordExpires()
    {
        await ResolveAsync(await InterruptAsync(), "resolved");
        await LetTimePassAsync(Retention * 0.5);
        Assert.That(await RecordAsync(Held), Is.EqualTo("resolved"));

        await LetTimePassAsync(Retention * 0.75);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task ResolvedRecordWithoutRetentionStays()
    {
        await Administration.ResolveAsync(Key, await InterruptAsync(), Bytes("for ever"), null, None);

        await LetTimePassAsync(Retention * 2);

        Assert.That(await RecordAsync(Held), Is.EqualTo("for ever"));
    }

    [TestCase("resolved")]
    [TestCase(null)]
    public async Task LiveClaimIsNotResolved(string? record)
    {
        var claim = await AcquireAsync(Held);
        var found = await FindAsync();

        Assert.That(await ResolveAsync(found!, record), Is.False);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));
        Assert.That(await CompleteAsync(claim, "its own"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task KeyThatWasClaimedMeanwhileIsNotResolved()
    {
        await CompleteKeyAsync("previous");
        var found = await FindAsync();
        var claim = await AcquireAsync(Over);

        Assert.That(await ResolveAsync(found!, null), Is.False);
        Assert.That(await CompleteAsync(claim, "next"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task KeyThatWasInterruptedAgainMeanwhileIsNotResolved()
    {
        var stale = await InterruptAsync();
        await ResolveAsync(stale, null);
        await InterruptAsync();

        Assert.That(await ResolveAsync(stale, "stale"), Is.False);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Interrupted));
    }

    [Test]
    public async Task RecordThatWasReplacedMeanwhileIsNotResolved()
    {
        await CompleteKeyAsync("previous");
        var stale = await FindAsync();
        await CompleteAsync(await AcquireAsync(Over), "next");

        Assert.That(await ResolveAsync(stale!, null), Is.False);
        Assert.That(await RecordAsync(Held), Is.EqualTo("next"));
    }

    [Test]
    public async Task KeyThatWasResolvedMeanwhileIsNotResolvedAgain()
    {
        var stale = await InterruptAsync();
        await ResolveAsync(stale, "first operator");

        Assert.That(await ResolveAsync(stale, "second operator"), Is.False);
        Assert.That(await RecordAsync(Held), Is.EqualTo("first operator"));
    }

    [Test]
    public async Task KeyThatIsFreeMeanwhileIsNotResolved()
    {
        var stale = await InterruptAsync();
        await ResolveAsync(stale, null);

        Assert.That(await ResolveAsync(stale, "stale"), Is.False);
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task LateCompletionGoesBeforeAResolution()
    {
        var holder = await AcquireAsync(Refused);
        await LetTimePassAsync(Lease * 1.25);
        var found = await FindAsync();
        await CompleteAsync(holder, "late");

        Assert.That(await ResolveAsync(found!, "resolved"), Is.False);
        Assert.That(await RecordAsync(Held), Is.EqualTo("late"));
    }

    [Test]
    public async Task CancelledResolutionChangesNothing()
    {
        var found = await InterruptAsync();
        Assert.That(
            async () => await Administration.ResolveAsync(Key, found, Bytes("resolved"), Retention, new(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await Administration.FindAsync(Key, new(canceled: true)), Throws.InstanceOf<OperationCanceledException>());

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Interrupted));
    }
}
