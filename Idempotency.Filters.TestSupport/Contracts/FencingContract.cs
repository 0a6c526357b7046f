namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>For stores whose claims carry a number that grows.</summary>
internal abstract class FencingContract<TStore> : ContractFixture<TStore>
    where TStore : IFencingStore, new()
{
    [Test]
    public async Task FirstClaimHasAFencingToken() => Assert.That((await AcquireAsync(Held)).FencingToken, Is.Positive);

    [Test]
    public async Task FencingTokenGrowsWithEveryTakeOver()
    {
        var first = await AcquireAsync(Unrenewed);
        await LetTimePassAsync(Lease * 1.25);
        var second = await AcquireAsync(Held);
        await second.DisposeAsync();
        var third = await AcquireAsync(Held);

        Assert.That(second.FencingToken, Is.GreaterThan(first.FencingToken!.Value));
        Assert.That(third.FencingToken, Is.GreaterThan(second.FencingToken!.Value));
    }
}
