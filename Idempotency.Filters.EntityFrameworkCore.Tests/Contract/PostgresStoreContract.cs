namespace Idempotency.Filters.EntityFrameworkCore.Tests.Contract;

internal static class PostgresStoreContract
{
    public sealed class Claims : StoreContract<PostgresContractStore>;

    public sealed class Leases : LeaseContract<PostgresContractStore>;

    public sealed class Waiting : WaitingContract<PostgresContractStore>;

    public sealed class OverCompleted : OverCompletedContract<PostgresContractStore>;

    public sealed class Administration : AdministrationContract<PostgresContractStore>;

    public sealed class Fencing : FencingContract<PostgresContractStore>;

    public sealed class CompareAndSet : CompareAndSetContract<PostgresContractStore>;

    public sealed class Forget : ForgetContract<PostgresContractStore>;

    public sealed class Listing : ListContract<PostgresContractStore>;

    public sealed class Completeness
    {
        [Test]
        public void NoContractIsMissing() => Assert.That(
            Contracts.MissingFor<PostgresContractStore>(typeof(PostgresStoreContract)), Is.Empty);
    }
}
