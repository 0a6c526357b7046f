using System.Buffers;
using System.Text;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

public abstract partial class IdempotencyStoreContract
{
    /// <summary>Whether the store implements <see cref="IIdempotencyStoreAdministration"/>.</summary>
    protected virtual bool CanBeAdministered => true;

    /// <summary>Whether it can also enumerate its keys.</summary>
    protected virtual bool CanForget => true;

    private IIdempotencyStoreAdministration Administration
    {
        get
        {
            if (!CanBeAdministered)
                Assert.Ignore("This store cannot be administered.");

            return (IIdempotencyStoreAdministration)Store;
        }
    }

    private string Scope => Key[..(Key.LastIndexOf(':') + 1)];

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
        Assert.That(Encoding.UTF8.GetString(found.Record.Span), Is.EqualTo("the answer"));
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
    public async Task LateCompletionDoesNotOverwriteAResolution()
    {
        RequireCompareAndSet();
        var holder = await AcquireAsync(Refused);
        await LetTimePassAsync(Lease * 1.25);
        await ResolveAsync((await FindAsync())!, "resolved");

        Assert.That(await CompleteAsync(holder, "late"), Is.EqualTo(CompletionOutcome.LeaseLost));
        await holder.DisposeAsync();
        Assert.That(await RecordAsync(Held), Is.EqualTo("resolved"));
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

    [Test]
    public async Task ForgetRemovesTheKeysOfItsScopeAndNoOthers()
    {
        RequireForget();
        await CompleteAsync(Key, "one");
        await CompleteAsync(Key + "2", "two");
        await CompleteAsync("other:" + Key, "of another scope");
        await CompleteAsync(Scope[..^1] + "x:key", "of a scope that begins alike");

        Assert.That(Administration.CanForget, Is.True);
        Assert.That(await Administration.ForgetAsync(Scope, None), Is.EqualTo(2));

        Assert.That(await Administration.FindAsync(Key, None), Is.Null);
        Assert.That(await Administration.FindAsync(Key + "2", None), Is.Null);
        Assert.That(await Administration.FindAsync("other:" + Key, None), Is.Not.Null);
        Assert.That(await Administration.FindAsync(Scope[..^1] + "x:key", None), Is.Not.Null);
        Assert.That(await Administration.ForgetAsync(Scope, None), Is.Zero);
    }

    [Test]
    public async Task ForgottenKeyIsFree()
    {
        RequireForget();
        await CompleteKeyAsync("forgotten");
        await Administration.ForgetAsync(Scope, None);

        Assert.That(await CompleteAsync(await AcquireAsync(Held), "new"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task ForgetRemovesInterruptedKeys()
    {
        RequireForget();
        await InterruptAsync();

        Assert.That(await Administration.ForgetAsync(Scope, None), Is.EqualTo(1));
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task ForgetLeavesKeysInFlight()
    {
        RequireForget();
        var claim = await AcquireAsync(Held);
        await CompleteAsync(Key + "2", "previous");
        using var over = await Store.ClaimAsync(Key + "2", Over, None);

        Assert.That(await Administration.ForgetAsync(Scope, None), Is.Zero);

        Assert.That(await CompleteAsync(claim, "its own"), Is.EqualTo(CompletionOutcome.Stored));
        await over.Claim!.DisposeAsync();
        using var standing = await Store.ClaimAsync(Key + "2", Held, None);
        Assert.That(Text(standing.Record), Is.EqualTo("previous"));
    }

    [TestCase("*")]
    [TestCase("?")]
    [TestCase("[a-z]")]
    [TestCase("\\")]
    [TestCase("%")]
    [TestCase("_")]
    public async Task ForgetTakesTheScopeAsItStands(string wildcard)
    {
        RequireForget();
        var scope = Scope[..^1] + wildcard + ":";
        await CompleteAsync(scope + "key", "forgotten");
        await CompleteAsync(Scope[..^1] + "a:key", "of another scope");

        Assert.That(await Administration.ForgetAsync(scope, None), Is.EqualTo(1));
        Assert.That(await Administration.FindAsync(scope + "key", None), Is.Null);
    }

    [Test]
    public async Task ForgetFindsEachOfManyKeys()
    {
        RequireForget();
        for (var i = 0; i < 3000; i++)
            await CompleteAsync($"{Key}{i}", "forgotten");

        Assert.That(await Administration.ForgetAsync(Scope, None), Is.EqualTo(3000));
        Assert.That(await Administration.FindAsync(Key + "2999", None), Is.Null);
    }

    [Test]
    public async Task StoreThatCannotForgetSaysSoAndRemovesNothing()
    {
        if (CanForget)
            Assert.Ignore("This store can forget.");

        await CompleteKeyAsync("kept");

        Assert.That(Administration.CanForget, Is.False);
        Assert.That(async () => await Administration.ForgetAsync(Scope, None), Throws.TypeOf<NotSupportedException>());
        Assert.That(await RecordAsync(Held), Is.EqualTo("kept"));
    }

    private ValueTask<StoredKey?> FindAsync() => Administration.FindAsync(Key, None);

    private ValueTask<bool> ResolveAsync(StoredKey found, string? record) =>
        Administration.ResolveAsync(Key, found, record is null ? null : Bytes(record), Retention, None);

    private async Task<StoredKey> InterruptAsync()
    {
        await AcquireAsync(Refused);
        await LetTimePassAsync(Lease * 1.25);
        return (await FindAsync())!;
    }

    /// <summary>Kept for longer than a test takes, also one with many keys on a slow machine.</summary>
    private async Task CompleteAsync(string key, string record)
    {
        using var claimed = await Store.ClaimAsync(key, Held, None);
        using var completion = await claimed.Claim!.CompleteAsync(Bytes(record), TimeSpan.FromHours(1), None);
    }

    private void RequireForget()
    {
        if (!CanBeAdministered || !CanForget)
            Assert.Ignore("This store cannot enumerate its keys.");
    }
}
