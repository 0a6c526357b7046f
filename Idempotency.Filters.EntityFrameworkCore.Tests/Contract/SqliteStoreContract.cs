namespace Idempotency.Filters.EntityFrameworkCore.Tests.Contract;

internal static class SqliteStoreContract
{
    public sealed class Claims : StoreContract<SqliteContractStore>;

    public sealed class Leases : LeaseContract<SqliteContractStore>;

    public sealed class Waiting : WaitingContract<SqliteContractStore>;

    public sealed class OverCompleted : OverCompletedContract<SqliteContractStore>;

    public sealed class Administration : AdministrationContract<SqliteContractStore>;

    public sealed class Fencing : FencingContract<SqliteContractStore>;

    public sealed class CompareAndSet : CompareAndSetContract<SqliteContractStore>;

    public sealed class Forget : ForgetContract<SqliteContractStore>;

    public sealed class Listing : ListContract<SqliteContractStore>;

    public sealed class Completeness
    {
        [Test]
        public void NoContractIsMissing() => Assert.That(
            Contracts.MissingFor<SqliteContractStore>(typeof(SqliteStoreContract)), Is.Empty);
    }
}
