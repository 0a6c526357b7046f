namespace Idempotency.Filters.Tests.Stores.Memory;

/// <summary>The in-memory store, on the clock of the test.</summary>
internal static class MemoryStoreContract
{
    public sealed class Claims : StoreContract<MemoryContractStore>;

    public sealed class Leases : LeaseContract<MemoryContractStore>;

    public sealed class Waiting : WaitingContract<MemoryContractStore>;

    public sealed class OverCompleted : OverCompletedContract<MemoryContractStore>;

    public sealed class Administration : AdministrationContract<MemoryContractStore>;

    public sealed class Fencing : FencingContract<MemoryContractStore>;

    public sealed class CompareAndSet : CompareAndSetContract<MemoryContractStore>;

    public sealed class Forget : ForgetContract<MemoryContractStore>;

    public sealed class List : ListContract<MemoryContractStore>;

    public sealed class Completeness
    {
        [Test]
        public void NoContractIsMissing() => Assert.That(Contracts.MissingFor<MemoryContractStore>(typeof(MemoryStoreContract)), Is.Empty);
    }
}
