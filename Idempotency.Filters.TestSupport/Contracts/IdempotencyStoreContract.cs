using System.Buffers;
using System.Text;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>What every store promises, whatever it is made of. Its own tests add what it promises beyond.</summary>
public abstract partial class IdempotencyStoreContract
{
    private IIdempotencyStore _store = null!;
    private string _key = null!;

    /// <summary>The lease of the claims here; a store that runs by real time shortens it.</summary>
    protected virtual TimeSpan Lease => TimeSpan.FromSeconds(30);

    /// <summary>How long a record is kept here where its end matters.</summary>
    protected virtual TimeSpan Retention => TimeSpan.FromMinutes(10);

    /// <summary>Whether a holder whose lease ended can be kept from overwriting.</summary>
    protected virtual bool HasCompareAndSet => true;

    /// <summary>Whether claims carry a fencing token.</summary>
    protected virtual bool HasFencing => true;

    /// <summary>Whether a former holder is told when its key was taken over.</summary>
    protected virtual bool TellsTheFormerHolder => true;

    protected IIdempotencyStore Store => _store;

    protected string Key => _key;

    private static CancellationToken None => CancellationToken.None;

    private ClaimOptions Held => new() { Lease = Lease };

    private ClaimOptions Unrenewed => Held with { RenewFor = TimeSpan.Zero };

    private ClaimOptions Refused => Unrenewed with { WhenInterrupted = InterruptedBehavior.Block };

    private ClaimOptions Over => Held with { OverCompleted = true };

    private static TimeSpan LongWait => TimeSpan.FromHours(1);

    protected abstract IIdempotencyStore CreateStore();

    protected abstract Task LetTimePassAsync(TimeSpan time);

    [SetUp]
    public void CreateStoreAndKey()
    {
        _store = CreateStore();
        _key = $"contract:{Guid.NewGuid():N}:key";
    }

    [TearDown]
    public async Task DisposeStore()
    {
        if (_store is IAsyncDisposable asynchronous)
            await asynchronous.DisposeAsync();
        else
            (_store as IDisposable)?.Dispose();
    }

    [Test]
    public async Task FreeKeyIsAcquired()
    {
        var result = await Store.ClaimAsync(Key, Held, None);

        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        Assert.That(result.Claim!.PreviousRecord, Is.Null);
        Assert.That(result.Claim.Lost.IsCancellationRequested, Is.False);
        Assert.That(result.Claim.FencingToken, HasFencing ? Is.Positive : Is.Null);
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
        var record = Segments("one ", "two ", "three");

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

    private protected static ReadOnlySequence<byte> Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>For what is on its way already: fails a test instead of hanging it.</summary>
    private protected static Task<T> Soon<T>(Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(20));

    private protected async Task<IdempotencyClaim> AcquireAsync(ClaimOptions options)
    {
        var result = await Store.ClaimAsync(Key, options, None);
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        return result.Claim!;
    }

    private protected async Task<ClaimOutcome> OutcomeAsync(ClaimOptions options)
    {
        using var result = await Store.ClaimAsync(Key, options, None);
        return result.Outcome;
    }

    private protected async Task<string> RecordAsync(ClaimOptions options)
    {
        using var result = await Store.ClaimAsync(Key, options, None);
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
        return Text(result.Record);
    }

    private protected async Task<CompletionOutcome> CompleteAsync(IdempotencyClaim claim, string record)
    {
        using var completion = await claim.CompleteAsync(Bytes(record), Retention, None);
        return completion.Outcome;
    }

    private protected static string Text(ReadOnlySequence<byte> record) => Encoding.UTF8.GetString(record);

    private async Task CompleteKeyAsync(string record) =>
        Assert.That(await CompleteAsync(await AcquireAsync(Held), record), Is.EqualTo(CompletionOutcome.Stored));

    private static ReadOnlySequence<byte> Segments(params string[] texts)
    {
        var first = new Segment(texts[0], null);
        var last = texts.Skip(1).Aggregate(first, (previous, text) => new(text, previous));
        return new(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(string text, Segment? previous)
        {
            Memory = Encoding.UTF8.GetBytes(text);
            if (previous is not null)
            {
                previous.Next = this;
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
            }
        }
    }
}
