using System.Buffers;
using System.Text;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store of each test's own, with a key that no other test has, and the few steps that the contracts consist of.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal abstract class ContractFixture<TStore>
    where TStore : IContractStore, new()
{
    private readonly TStore _tested = new();

    protected IIdempotencyStore Store => _tested.Store;

    protected IIdempotencyStoreAdministration Administration => (IIdempotencyStoreAdministration)Store;

    protected string Key { get; } = $"contract:{Guid.NewGuid():N}:key";

    protected string Scope => Key[..(Key.LastIndexOf(':') + 1)];

    protected TimeSpan Lease => _tested.Lease;

    protected TimeSpan Retention => _tested.Retention;

    protected ClaimOptions Held => new() { Lease = Lease };

    protected ClaimOptions Unrenewed => Held with { RenewFor = TimeSpan.Zero };

    protected ClaimOptions Refused => Unrenewed with { WhenInterrupted = InterruptedBehavior.Block };

    protected ClaimOptions Over => Held with { OverCompleted = true };

    protected static CancellationToken None => CancellationToken.None;

    [SetUp]
    public Task StartStoreAsync() => _tested.StartAsync();

    [TearDown]
    public async Task DisposeStoreAsync() => await _tested.DisposeAsync();

    protected Task LetTimePassAsync(TimeSpan time) => _tested.LetTimePassAsync(time);

    protected static ReadOnlySequence<byte> Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    protected static string Text(ReadOnlySequence<byte> record) => Encoding.UTF8.GetString(record);

    /// <summary>For what is on its way already: fails a test instead of hanging it.</summary>
    protected static Task<T> Soon<T>(Task<T> task) => task.Soon();

    protected async Task<IdempotencyClaim> AcquireAsync(ClaimOptions options)
    {
        var result = await Store.ClaimAsync(Key, options, None);
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        return result.Claim!;
    }

    protected async Task<ClaimOutcome> OutcomeAsync(ClaimOptions options)
    {
        using var result = await Store.ClaimAsync(Key, options, None);
        return result.Outcome;
    }

    protected async Task<string> RecordAsync(ClaimOptions options)
    {
        using var result = await Store.ClaimAsync(Key, options, None);
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
        return Text(result.Record);
    }

    protected async Task<CompletionOutcome> CompleteAsync(IdempotencyClaim claim, string record)
    {
        using var completion = await claim.CompleteAsync(Bytes(record), Retention, None);
        return completion.Outcome;
    }

    protected async Task CompleteKeyAsync(string record) =>
        Assert.That(await CompleteAsync(await AcquireAsync(Held), record), Is.EqualTo(CompletionOutcome.Stored));

    protected ValueTask<StoredKey?> FindAsync() => Administration.FindAsync(Key, None);

    protected ValueTask<bool> ResolveAsync(StoredKey found, string? record) =>
        Administration.ResolveAsync(Key, found, record is null ? null : Bytes(record), Retention, None);

    /// <summary>Claims the key, and lets its lease end.</summary>
    protected async Task<StoredKey> InterruptAsync()
    {
        await AcquireAsync(Refused);
        await LetTimePassAsync(Lease * 1.25);
        return (await FindAsync())!;
    }
}
