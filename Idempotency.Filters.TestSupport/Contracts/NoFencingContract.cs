namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>For stores whose claims carry no number.</summary>
internal abstract class NoFencingContract<TStore> : ContractFixture<TStore>
    where TStore : INotFencingStore, new()
{
    [Test]
    public async Task ClaimHasNoFencingToken() => Assert.That((await AcquireAsync(Held)).FencingToken, Is.Null);
}
