using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>For stores that can enumerate their keys: what forgetting removes, and what it leaves.</summary>
internal abstract class ForgetContract<TStore> : ContractFixture<TStore>
    where TStore : IForgettingStore, new()
{
    [Test]
    public async Task ForgetRemovesTheKeysOfItsScopeAndNoOthers()
    {
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
        await CompleteKeyAsync("forgotten");
        await Administration.ForgetAsync(Scope, None);

        Assert.That(await CompleteAsync(await AcquireAsync(Held), "new"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task ForgetRemovesInterruptedKeys()
    {
        await InterruptAsync();

        Assert.That(await Administration.ForgetAsync(Scope, None), Is.EqualTo(1));
        Assert.That(await OutcomeAsync(Held), Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task ForgetLeavesKeysInFlight()
    {
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
        var scope = Scope[..^1] + wildcard + ":";
        await CompleteAsync(scope + "key", "forgotten");
        await CompleteAsync(Scope[..^1] + "a:key", "of another scope");

        Assert.That(await Administration.ForgetAsync(scope, None), Is.EqualTo(1));
        Assert.That(await Administration.FindAsync(scope + "key", None), Is.Null);
    }

    [Test]
    public async Task ForgetFindsEachOfManyKeys()
    {
        await Parallel.ForAsync(0, 3000, async (number, _) => await CompleteAsync($"{Key}{number}", "forgotten"));

        Assert.That(await Administration.ForgetAsync(Scope, None), Is.EqualTo(3000));
        Assert.That(await Administration.FindAsync(Key + "2999", None), Is.Null);
    }

    /// <summary>Kept for longer than a test takes, also one with many keys on a slow machine.</summary>
    private async Task CompleteAsync(string key, string record)
    {
        using var claimed = await Store.ClaimAsync(key, Held, None);
        using var completion = await claimed.Claim!.CompleteAsync(Bytes(record), TimeSpan.FromHours(1), None);
    }
}
