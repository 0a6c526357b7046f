namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>For stores whose claims have no fencing token.</summary>
internal abstract class NoFencingContract<TStore> : ContractFixture<TStore>
    where TStore : INotFencingStore, new()
{
    [Test]
    public async Task ClaimHasNoFencingToken() => Assert.That((await AcquireAsync(Held)).FencingToken, Is.Null);
}
