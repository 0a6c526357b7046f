namespace Idempotency.Filters.Tests.Stores.Own;

/// <summary>The example of docs/own-store.md, on the clock of the test.</summary>
internal static class TableStoreContract
{
    public sealed class Claims : StoreContract<TableContractStore>;

    public sealed class Leases : LeaseContract<TableContractStore>;

    public sealed class Waiting : WaitingContract<TableContractStore>;

    public sealed class OverCompleted : OverCompletedContract<TableContractStore>;

    public sealed class NoFencing : NoFencingContract<TableContractStore>;

    public sealed class Completeness
    {
        [Test]
        public void NoContractIsMissing() => Assert.That(Contracts.MissingFor<TableContractStore>(typeof(TableStoreContract)), Is.Empty);
    }
}
