using System.Buffers;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>What every store promises, whatever it is made of.</summary>
internal abstract class StoreContract<TStore> : ContractFixture<TStore>
    where TStore : IContractStore, new()
{
    [Test]
    public async Task FreeKeyIsAcquired()
    {
        var result = await Store.ClaimAsync(Key, Held, None);

        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        Assert.That(result.Claim!.PreviousRecord, Is.Null);
        Assert.That(result.Claim.Lost.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task HeldKeyIsInFlight()
    {
        await AcquireAsync(Held);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task KeysAreIndependent()
    {
        await AcquireAsync(Held);

        using var other = await Store.ClaimAsync(Key + "2", Held, None);

        Assert.That(other.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task OneOfManySimultaneousClaimsIsAcquired()
    {
        using var start = new ManualResetEventSlim();
        var claims = Enumerable.Range(0, 16).Select(_ => Task.Run(() =>
        {
            start.Wait();
            return OutcomeAsync(Held);
        })).ToArray();

        start.Set();

        var outcomes = await Soon(Task.WhenAll(claims));
        Assert.That(outcomes.Count(outcome => outcome == ClaimOutcome.Acquired), Is.EqualTo(1));
        Assert.That(outcomes.Count(outcome => outcome == ClaimOutcome.InFlight), Is.EqualTo(15));
    }

    [Test]
    public async Task CompletedKeyAnswersWithItsRecord()
    {
        await CompleteKeyAsync("the answer");

        Assert.That(await RecordAsync(Held), Is.EqualTo("the answer"));
        Assert.That(await RecordAsync(Held), Is.EqualTo("the answer"));
    }

    [Test]
    public async Task RecordOfManySegmentsComesBackWhole()
    {
        var claim = await AcquireAsync(Held);
        var record = Segments.Of("one "u8.ToArray(), "two "u8.ToArray(), "three"u8.ToArray());

        using (await claim.CompleteAsync(record, Retention, None))
        {
        }

        Assert.That(await RecordAsync(Held), Is.EqualTo("one two three"));
    }

    [Test]
    public async Task RecordOfOneMegabyteComesBackWhole()
    {
        var bytes = new byte[1024 * 1024];
        Random.Shared.NextBytes(bytes);
        var claim = await AcquireAsync(Held);

        using (await claim.CompleteAsync(new(bytes), Retention, None))
        {
        }

        using var result = await Store.ClaimAsync(Key, Held, None);
        Assert.That(result.Record.ToArray().AsSpan().SequenceEqual(bytes), Is.True);
    }

    [Test]
    public async Task EmptyRecordIsARecord()
    {
        await CompleteKeyAsync("");

        Assert.That(await RecordAsync(Held), Is.Empty);
    }

    [Test]
    public async Task RecordIsCopied()
    {
        var buffer = "the answer"u8.ToArray();
        var claim = await AcquireAsync(Held);
        using (await claim.CompleteAsync(new(buffer), Retention, None))
        {
        }

        buffer.AsSpan().Fill((byte)'x');

        Assert.That(await RecordAsync(Held), Is.EqualTo("the answer"));
    }

    [Test]
    public async Task DisposedClaimFreesTheKey()
    {
        await (await AcquireAsync(Held)).DisposeAsync();

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task SecondDisposeDisturbsNobody()
    {
        var first = await AcquireAsync(Held);
        await first.DisposeAsync();
        await AcquireAsync(Held);

        await first.DisposeAsync();

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task DisposeAfterCompletionKeepsTheRecord()
    {
        var claim = await AcquireAsync(Held);
        await CompleteAsync(claim, "kept");

        await claim.DisposeAsync();

        Assert.That(await RecordAsync(Held), Is.EqualTo("kept"));
    }

    [Test]
    public async Task CompletionMayBeRepeatedWhenItsReplyWasLost()
    {
        var claim = await AcquireAsync(Held);
        await CompleteAsync(claim, "the answer");

        Assert.That(await CompleteAsync(claim, "the answer"), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(await RecordAsync(Held), Is.EqualTo("the answer"));
    }

    [Test]
    public async Task RecordExpires()
    {
        await CompleteKeyAsync("short-lived");

        await LetTimePassAsync(Retention);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task RecordWithoutRetentionStays()
    {
        var claim = await AcquireAsync(Held);
        using (await claim.CompleteAsync(Bytes("for ever"), null, None))
        {
        }

        await LetTimePassAsync(Retention + Retention);

        Assert.That(await RecordAsync(Held), Is.EqualTo("for ever"));
    }

    [Test]
    public async Task ReplayDoesNotProlongRetention()
    {
        await CompleteKeyAsync("short-lived");
        await LetTimePassAsync(Retention * 0.75);
        Assert.That(await RecordAsync(Held), Is.EqualTo("short-lived"));

        await LetTimePassAsync(Retention * 0.25);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task CancelledClaimLeavesTheKeyFree()
    {
        Assert.That(async () => await Store.ClaimAsync(Key, Held, new(canceled: true)), Throws.InstanceOf<OperationCanceledException>());

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task CancelledCompletionMayBeRepeated()
    {
        var claim = await AcquireAsync(Held);
        Assert.That(
            async () => await claim.CompleteAsync(Bytes("late"), Retention, new(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());

        Assert.That(await CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.Stored));
    }
}
