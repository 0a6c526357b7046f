namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>Over a cache that reads and writes buffers.</summary>
internal static class BufferCacheStoreContract
{
    public sealed class Claims : StoreContract<BufferCacheContractStore>;

    public sealed class Leases : LeaseContract<BufferCacheContractStore>;

    public sealed class Waiting : WaitingContract<BufferCacheContractStore>;

    public sealed class OverCompleted : OverCompletedContract<BufferCacheContractStore>;

    public sealed class Administration : AdministrationContract<BufferCacheContractStore>;

    public sealed class NoFencing : NoFencingContract<BufferCacheContractStore>;

    public sealed class NoForget : NoForgetContract<BufferCacheContractStore>;

    public sealed class NoList : NoListContract<BufferCacheContractStore>;

    public sealed class Completeness
    {
        [Test]
        public void NoContractIsMissing() =>
            Assert.That(Contracts.MissingFor<BufferCacheContractStore>(typeof(BufferCacheStoreContract)), Is.Empty);
    }
}
