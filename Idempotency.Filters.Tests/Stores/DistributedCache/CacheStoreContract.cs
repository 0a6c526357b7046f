namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>Over a cache that takes arrays.</summary>
internal static class CacheStoreContract
{
    public sealed class Claims : StoreContract<CacheContractStore>;

    public sealed class Leases : LeaseContract<CacheContractStore>;

    public sealed class Waiting : WaitingContract<CacheContractStore>;

    public sealed class OverCompleted : OverCompletedContract<CacheContractStore>;

    public sealed class Administration : AdministrationContract<CacheContractStore>;

    public sealed class NoFencing : NoFencingContract<CacheContractStore>;

    public sealed class NoForget : NoForgetContract<CacheContractStore>;

    public sealed class NoList : NoListContract<CacheContractStore>;

    public sealed class Completeness
    {
        [Test]
        public void NoContractIsMissing() => Assert.That(Contracts.MissingFor<CacheContractStore>(typeof(CacheStoreContract)), Is.Empty);
    }
}
