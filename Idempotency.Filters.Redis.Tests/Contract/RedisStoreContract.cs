namespace Idempotency.Filters.Redis.Tests.Contract;

/// <summary>Over a real server, in real time: the tests wait side by side.</summary>
internal static class RedisStoreContract
{
    public sealed class Claims : StoreContract<RedisContractStore>;

    public sealed class Leases : LeaseContract<RedisContractStore>;

    public sealed class Waiting : WaitingContract<RedisContractStore>;

    public sealed class OverCompleted : OverCompletedContract<RedisContractStore>;

    public sealed class Administration : AdministrationContract<RedisContractStore>;

    public sealed class Fencing : FencingContract<RedisContractStore>;

    public sealed class CompareAndSet : CompareAndSetContract<RedisContractStore>;

    public sealed class Forget : ForgetContract<RedisContractStore>;

    public sealed class List : ListContract<RedisContractStore>;

    public sealed class Completeness
    {
        [Test]
        public void NoContractIsMissing() => Assert.That(Contracts.MissingFor<RedisContractStore>(typeof(RedisStoreContract)), Is.Empty);
    }
}
