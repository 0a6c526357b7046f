namespace Idempotency.Filters.Redis.Tests.Contract;

/// <summary>
/// What a cluster can change: to which node a script goes and whether that node knows it, on which node a message is heard, that renewals
/// of one application go to several nodes, and that the keys of a scope are on all of them. The rest of the contract is the scripts' own.
/// </summary>
internal static class RedisClusterContract
{
    [Only(
        nameof(StoreContract<>.OneOfManySimultaneousClaimsIsAcquired),
        nameof(StoreContract<>.CompletedKeyAnswersWithItsRecord),
        nameof(StoreContract<>.DisposedClaimFreesTheKey))]
    public sealed class Claims : StoreContract<RedisClusterContractStore>;

    [Only(
        nameof(LeaseContract<>.HeldClaimOutlivesItsLease),
        nameof(LeaseContract<>.FormerHolderIsToldThatItsKeyWasTakenOver))]
    public sealed class Leases : LeaseContract<RedisClusterContractStore>;

    [Only(
        nameof(WaitingContract<>.EveryWaiterGetsTheRecord),
        nameof(WaitingContract<>.ReleaseHandsTheKeyToExactlyOneWaiter),
        nameof(WaitingContract<>.WaiterTakesOverWhenTheLeaseEnds))]
    public sealed class Waiting : WaitingContract<RedisClusterContractStore>;

    [Only(
        nameof(AdministrationContract<>.InterruptedKeyIsResolvedByARecord))]
    public sealed class Administration : AdministrationContract<RedisClusterContractStore>;

    [Only(
        nameof(ForgetContract<>.ForgetRemovesTheKeysOfItsScopeAndNoOthers),
        nameof(ForgetContract<>.ForgetFindsEachOfManyKeys))]
    public sealed class Forget : ForgetContract<RedisClusterContractStore>;

    [Only(
        nameof(ListContract<>.KeysAreListedByState),
        nameof(ListContract<>.EachOfManyKeysIsListed),
        nameof(ListContract<>.InterruptedKeyIsResolvedByItsHandle))]
    public sealed class List : ListContract<RedisClusterContractStore>;
}
