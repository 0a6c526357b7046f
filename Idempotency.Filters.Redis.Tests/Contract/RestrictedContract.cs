namespace Idempotency.Filters.Redis.Tests.Contract;

/// <summary>The one line of ACL in docs/redis.md is enough for everything.</summary>
internal static class RestrictedContract
{
    public sealed class Claims : StoreContract<RestrictedContractStore>;

    public sealed class Leases : LeaseContract<RestrictedContractStore>;

    public sealed class Waiting : WaitingContract<RestrictedContractStore>;

    public sealed class OverCompleted : OverCompletedContract<RestrictedContractStore>;

    public sealed class Administration : AdministrationContract<RestrictedContractStore>;

    public sealed class Fencing : FencingContract<RestrictedContractStore>;

    public sealed class CompareAndSet : CompareAndSetContract<RestrictedContractStore>;

    public sealed class Forget : ForgetContract<RestrictedContractStore>;

    public sealed class List : ListContract<RestrictedContractStore>;

    public sealed class Completeness
    {
        [Test]
        public void NoContractIsMissing() =>
            Assert.That(Contracts.MissingFor<RestrictedContractStore>(typeof(RestrictedContract)), Is.Empty);
    }
}
