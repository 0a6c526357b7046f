using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>For stores that can keep a holder whose lease ended from overwriting.</summary>
internal abstract class CompareAndSetContract<TStore> : ContractFixture<TStore>
    where TStore : ICompareAndSetStore, new()
{
    [Test]
    public async Task ZombieCannotOverwrite()
    {
        var zombie = await AcquireAsync(Unrenewed);
        await LetTimePassAsync(Lease * 1.25);
        var owner = await AcquireAsync(Held);

        Assert.That(await CompleteAsync(zombie, "zombie"), Is.EqualTo(CompletionOutcome.LeaseLost));
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.InFlight));

        await CompleteAsync(owner, "owner");
        Assert.That(await CompleteAsync(zombie, "zombie"), Is.EqualTo(CompletionOutcome.LeaseLost));
        Assert.That(await RecordAsync(Held), Is.EqualTo("owner"));
    }

    [Test]
    public async Task OverCompletedZombieCannotOverwrite()
    {
        await CompleteKeyAsync("previous");
        var zombie = await AcquireAsync(Unrenewed with { OverCompleted = true });
        await LetTimePassAsync(Lease * 1.25);
        await CompleteAsync(await AcquireAsync(Over), "next");

        Assert.That(await CompleteAsync(zombie, "zombie"), Is.EqualTo(CompletionOutcome.LeaseLost));
        Assert.That(await RecordAsync(Held), Is.EqualTo("next"));
    }

    [Test]
    public async Task LateCompletionDoesNotOverwriteAResolution()
    {
        var holder = await AcquireAsync(Refused);
        await LetTimePassAsync(Lease * 1.25);
        await ResolveAsync((await FindAsync())!, "resolved");

        Assert.That(await CompleteAsync(holder, "late"), Is.EqualTo(CompletionOutcome.LeaseLost));
        await holder.DisposeAsync();
        Assert.That(await RecordAsync(Held), Is.EqualTo("resolved"));
    }
}
