using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>For stores that cannot list their keys.</summary>
internal abstract class NoListContract<TStore> : ContractFixture<TStore>
    where TStore : INotListingStore, new()
{
    [Test]
    public void StoreThatCannotListSaysSo()
    {
        var options = new ListOptions { Prefix = Scope, States = [ClaimOutcome.Completed] };

        Assert.That(Administration.CanList, Is.False);
        Assert.That(() => Administration.ListAsync(options, None), Throws.TypeOf<NotSupportedException>().With.Message.Contains("Store"));
        Assert.That(async () => await Administration.FindListedAsync(Key, None), Throws.TypeOf<NotSupportedException>());
        Assert.That(
            async () => await Administration.ResolveListedAsync(
                new(Key, new(ClaimOutcome.Interrupted, default, "")), null, null, None),
            Throws.TypeOf<NotSupportedException>());
    }
}
