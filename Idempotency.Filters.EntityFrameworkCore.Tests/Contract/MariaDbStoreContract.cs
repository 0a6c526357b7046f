namespace Idempotency.Filters.EntityFrameworkCore.Tests.Contract;

internal static class MariaDbStoreContract
{
    public sealed class Claims : StoreContract<MariaDbContractStore>;

    public sealed class Leases : LeaseContract<MariaDbContractStore>;

    public sealed class Waiting : WaitingContract<MariaDbContractStore>;

    public sealed class OverCompleted : OverCompletedContract<MariaDbContractStore>;

    public sealed class Administration : AdministrationContract<MariaDbContractStore>;

    public sealed class Fencing : FencingContract<MariaDbContractStore>;

    public sealed class CompareAndSet : CompareAndSetContract<MariaDbContractStore>;

    public sealed class Forget : ForgetContract<MariaDbContractStore>;

    public sealed class Listing : ListContract<MariaDbContractStore>;

    public sealed class Completeness
    {
        [Test]
        public void NoContractIsMissing() => Assert.That(
            Contracts.MissingFor<MariaDbContractStore>(typeof(MariaDbStoreContract)), Is.Empty);
    }
}
