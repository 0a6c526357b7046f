namespace Idempotency.Filters.Redis.Tests.DistributedCache;

/// <summary>
/// What a cache over a network can change: what becomes of the bytes of a record, and that its end, and that of the marker of an
/// interrupted key, is kept by a server's clock in whole seconds. Locks, leases and waiting are not the cache's, and are tested over one in
/// memory.
/// </summary>
internal static class RedisCacheContract
{
    [Only(
        nameof(StoreContract<>.FreeKeyIsAcquired),
        nameof(StoreContract<>.HeldKeyIsInFlight),
        nameof(StoreContract<>.CompletedKeyAnswersWithItsRecord),
        nameof(StoreContract<>.RecordOfManySegmentsComesBackWhole),
        nameof(StoreContract<>.RecordOfOneMegabyteComesBackWhole),
        nameof(StoreContract<>.EmptyRecordIsARecord),
        nameof(StoreContract<>.RecordIsCopied),
        nameof(StoreContract<>.DisposedClaimFreesTheKey),
        nameof(StoreContract<>.RecordExpires),
        nameof(StoreContract<>.RecordWithoutRetentionStays),
        nameof(StoreContract<>.ReplayDoesNotProlongRetention))]
    public sealed class Claims : StoreContract<RedisCacheContractStore>;

    [Only(
        nameof(LeaseContract<>.RefusedKeyStaysInterrupted),
        nameof(LeaseContract<>.RefusedKeyIsFreeAfterRefuseFor),
        nameof(LeaseContract<>.InterruptedHolderMayStillComplete),
        nameof(LeaseContract<>.InterruptedHolderMayStillRelease))]
    public sealed class Leases : LeaseContract<RedisCacheContractStore>;

    [Only(
        nameof(WaitingContract<>.EveryWaiterGetsTheRecord),
        nameof(WaitingContract<>.WaiterIsToldThatTheKeyIsInterrupted))]
    public sealed class Waiting : WaitingContract<RedisCacheContractStore>;

    [Only(
        nameof(OverCompletedContract<>.OverCompletedCompletionReplacesTheRecord),
        nameof(OverCompletedContract<>.OverCompletedReleaseDoesNotProlongRetention),
        nameof(OverCompletedContract<>.OverCompletedLeaseThatEndsLeavesTheRecordStanding))]
    public sealed class OverCompleted : OverCompletedContract<RedisCacheContractStore>;

    [Only(
        nameof(AdministrationContract<>.CompletedKeyIsFoundWithItsRecord),
        nameof(AdministrationContract<>.ExpiredRecordIsNotFound),
        nameof(AdministrationContract<>.FindingChangesNothing),
        nameof(AdministrationContract<>.RecordIsReplaced),
        nameof(AdministrationContract<>.InterruptedKeyIsResolvedToFree),
        nameof(AdministrationContract<>.ResolvedRecordExpires),
        nameof(AdministrationContract<>.ResolvedRecordWithoutRetentionStays))]
    public sealed class Administration : AdministrationContract<RedisCacheContractStore>;
}
