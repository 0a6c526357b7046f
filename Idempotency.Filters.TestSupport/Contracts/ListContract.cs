using System.Security.Cryptography;
using System.Text;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>For stores that can list their keys: which are listed, what is known of each, and what their handles are good for.</summary>
/// <remarks>
/// Stores that ignore <see cref="ListOptions.Prefix"/> list the keys of other tests too, so each test looks for its own, by their digests.
/// </remarks>
internal abstract class ListContract<TStore> : ContractFixture<TStore>
    where TStore : IListingStore, new()
{
    private static readonly ClaimOutcome[] All = [ClaimOutcome.InFlight, ClaimOutcome.Completed, ClaimOutcome.Interrupted];

    [Test]
    public async Task KeysAreListedByState()
    {
        var (held, completed) = (Key + "held", Key + "completed");
        await InterruptAsync();
        await Store.ClaimAsync(held, Held, None);
        await CompleteAsync(completed, "the answer");

        Assert.That(Administration.CanList, Is.True);
        Assert.That((await ListedAsync(Key, ClaimOutcome.Interrupted))?.Content.State, Is.EqualTo(ClaimOutcome.Interrupted));
        Assert.That((await ListedAsync(held, ClaimOutcome.InFlight))?.Content.State, Is.EqualTo(ClaimOutcome.InFlight));
        Assert.That((await ListedAsync(completed, ClaimOutcome.Completed))?.Content.State, Is.EqualTo(ClaimOutcome.Completed));
        foreach (var state in All)
        {
            Assert.That(await ListedAsync(Key, state) is not null, Is.EqualTo(state is ClaimOutcome.Interrupted));
            Assert.That(await ListedAsync(held, state) is not null, Is.EqualTo(state is ClaimOutcome.InFlight));
            Assert.That(await ListedAsync(completed, state) is not null, Is.EqualTo(state is ClaimOutcome.Completed));
        }

        Assert.That(await ListedAsync(Key, All), Is.Not.Null);
        Assert.That(await ListedAsync(held, All), Is.Not.Null);
        Assert.That(await ListedAsync(completed, All), Is.Not.Null);
    }

    [Test]
    public async Task FreeKeyIsNotListed()
    {
        await (await AcquireAsync(Held)).DisposeAsync();

        Assert.That(await ListedAsync(Key, All), Is.Null);
    }

    [Test]
    public async Task ExpiredRecordIsNotListed()
    {
        await CompleteKeyAsync("short-lived");
        await LetTimePassAsync(Retention * 1.25);

        Assert.That(await ListedAsync(Key, All), Is.Null);
    }

    [Test]
    public async Task KeyIsListedInFlightWhileItsRecordIsReplaced()
    {
        await CompleteKeyAsync("previous");
        await AcquireAsync(Over);

        Assert.That((await ListedAsync(Key, All))!.Content.State, Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task RecordUnderAClaimWhoseLeaseEndedIsListedWithItsEnd()
    {
        await CompleteAsync(Key, "previous");
        await AcquireAsync(Unrenewed with { OverCompleted = true });
        await LetTimePassAsync(Lease * 1.25);

        var entry = await ListedAsync(Key, All);

        Assert.That(entry!.Content.State, Is.EqualTo(ClaimOutcome.Completed));
        Assert.That(Text(new(entry.Content.Record)), Is.EqualTo("previous"));
        Assert.That(entry.ExpiresIn, Is.GreaterThan(TimeSpan.Zero).And.LessThanOrEqualTo(TimeSpan.FromHours(1)));
    }

    [Test]
    public async Task RecordIsListedFromItsBeginning()
    {
        await CompleteAsync(Key, "the answer");

        var options = new ListOptions { Prefix = Scope, States = All, RecordLength = 3 };
        Assert.That(Text(new((await ListedAsync(Key, options))!.Content.Record)), Does.StartWith("the"));
        options = options with { RecordLength = 100 };
        Assert.That(Text(new((await ListedAsync(Key, options))!.Content.Record)), Is.EqualTo("the answer"));
        options = options with { RecordLength = null };
        Assert.That(Text(new((await ListedAsync(Key, options))!.Content.Record)), Is.EqualTo("the answer"));
    }

    [Test]
    public async Task EmptyRecordIsListed()
    {
        await CompleteAsync(Key, "");

        Assert.That((await ListedAsync(Key, All))!.Content.Record.IsEmpty, Is.True);
    }

    [Test]
    public async Task AgeOfAKeyInFlightIsThatOfItsClaim()
    {
        await AcquireAsync(Held);
        await LetTimePassAsync(Lease * 0.5);

        var entry = (await ListedAsync(Key, All))!;

        // Where real time passes, the test may be late.
        Assert.That(
            entry.Age,
            new TStore().KnowsClaimTime ? Is.GreaterThanOrEqualTo(Lease * 0.5).And.LessThan(TimeSpan.FromMinutes(5)) : Is.Null);
        Assert.That(entry.ExpiresIn, Is.Null);
    }

    [Test]
    public async Task AgeOfAnInterruptedKeyIsCountedFromTheEndOfItsLease()
    {
        await Store.ClaimAsync(Key, Refused with { BlockFor = TimeSpan.FromHours(2) }, None);
        await LetTimePassAsync(Lease * 1.25);

        var entry = (await ListedAsync(Key, All))!;

        Assert.That(entry.Age, Is.GreaterThanOrEqualTo(Lease * 0.25).And.LessThan(TimeSpan.FromMinutes(5)));
        Assert.That(entry.ExpiresIn, Is.GreaterThan(TimeSpan.FromHours(1)).And.LessThan(TimeSpan.FromHours(2)));
    }

    [Test]
    public async Task EndOfWhatStaysIsNotKnown()
    {
        await InterruptAsync();
        using var claimed = await Store.ClaimAsync(Key + "2", Held, None);
        using var completion = await claimed.Claim!.CompleteAsync(Bytes("for ever"), null, None);

        Assert.That((await ListedAsync(Key, All))!.ExpiresIn, Is.Null);
        Assert.That((await ListedAsync(Key + "2", All))!.ExpiresIn, Is.Null);
    }

    [Test]
    public async Task ListingChangesNothing()
    {
        await CompleteKeyAsync("short-lived");
        // A busy machine may let the retention pass meanwhile.
        if (await ListedAsync(Key, All) is { } entry && await FindAsync() is { } found)
            Assert.That(entry.Content.Version, Is.EqualTo(found.Version));
        await LetTimePassAsync(Retention * 0.75);
        await ListedAsync(Key, All);
        await LetTimePassAsync(Retention * 0.5);

        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task EachOfManyKeysIsListed()
    {
        await Parallel.ForAsync(0, 3000, async (number, _) => await CompleteAsync($"{Key}{number}", "listed"));
        var expected = Enumerable.Range(0, 3000).Select(number => Hash($"{Key}{number}")).ToHashSet();

        await foreach (var entry in Administration.ListAsync(new() { Prefix = Scope, States = [ClaimOutcome.Completed] }, None))
            expected.Remove(Hash(entry));

        Assert.That(expected, Is.Empty);
    }

    [Test]
    public async Task ListingCanEndEarlyAndIsEndedByItsToken()
    {
        await Parallel.ForAsync(0, 300, async (number, _) => await CompleteAsync($"{Key}{number}", "listed"));
        var options = new ListOptions { Prefix = Scope, States = All };

        await using (var some = Administration.ListAsync(options, None).GetAsyncEnumerator())
            Assert.That(await some.MoveNextAsync(), Is.True);
        Assert.That(
            async () => await Administration.ListAsync(options, new(canceled: true)).GetAsyncEnumerator().MoveNextAsync(),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase("resolved")]
    [TestCase(null)]
    public async Task InterruptedKeyIsResolvedByItsHandle(string? record)
    {
        await InterruptAsync();
        var found = await FindListedAsync();
        Assert.That(found.Content.State, Is.EqualTo(ClaimOutcome.Interrupted));
        Assert.That(Hash(found), Is.EqualTo(Hash(Key)));

        Assert.That(await ResolveListedAsync(found, record), Is.True);

        if (record is null)
            Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
        else
            Assert.That(await RecordAsync(Held), Is.EqualTo(record));
    }

    [Test]
    public async Task RecordIsFoundWholeByItsHandle()
    {
        await CompleteAsync(Key, new string('x', 100_000));
        var options = new ListOptions { Prefix = Scope, States = All, RecordLength = 10 };

        var found = await Administration.FindListedAsync((await ListedAsync(Key, options))!.Handle, None);

        Assert.That(found!.Content.Record.Length, Is.EqualTo(100_000));
    }

    [Test]
    public async Task KeyThatChangedSinceItWasFoundByItsHandleIsNotResolved()
    {
        await InterruptAsync();
        var stale = await FindListedAsync();
        await ResolveListedAsync(stale, "first operator");

        Assert.That(await ResolveListedAsync(stale, "second operator"), Is.False);
        Assert.That(await RecordAsync(Held), Is.EqualTo("first operator"));
    }

    [Test]
    public async Task HandleOfAFreeKeyFindsNothing()
    {
        await CompleteAsync(Key, "resolved to free");
        var found = await FindListedAsync();
        await ResolveListedAsync(found, null);

        Assert.That(await Administration.FindListedAsync(found.Handle, None), Is.Null);
        Assert.That(await Administration.FindListedAsync("no handle of this store: \ud83d\ude00", None), Is.Null);
    }

    private static string Hash(StoredEntry entry) => Convert.ToHexStringLower(
        (entry.StorageKey is { } key ? SHA256.HashData(Encoding.UTF8.GetBytes(key)) : entry.KeyDigest.Span)[..6]);

    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 6));

    private Task<StoredEntry?> ListedAsync(string key, params ClaimOutcome[] states) =>
        ListedAsync(key, new ListOptions { Prefix = Scope, States = states });

    private async Task<StoredEntry?> ListedAsync(string key, ListOptions options)
    {
        await foreach (var entry in Administration.ListAsync(options, None))
        {
            if (Hash(entry) == Hash(key))
                return entry;
        }

        return null;
    }

    private async Task<StoredEntry> FindListedAsync() =>
        (await Administration.FindListedAsync((await ListedAsync(Key, All))!.Handle, None))!;

    private ValueTask<bool> ResolveListedAsync(StoredEntry found, string? record) =>
        Administration.ResolveListedAsync(found, record is null ? null : Bytes(record), Retention, None);

    /// <summary>Longer than a test takes, even one with many keys on a slow machine.</summary>
    private async Task CompleteAsync(string key, string record)
    {
        using var claimed = await Store.ClaimAsync(key, Held, None);
        using var completion = await claimed.Claim!.CompleteAsync(Bytes(record), TimeSpan.FromHours(1), None);
    }
}
