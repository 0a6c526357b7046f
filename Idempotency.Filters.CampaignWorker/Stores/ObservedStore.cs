using Idempotency.Filters.CampaignWorker.History;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.CampaignWorker.Stores;

/// <summary>A store that says when it granted a claim, and when it writes a record.</summary>
/// <param name="store">The store.</param>
/// <param name="points">Where it says so.</param>
/// <param name="observeRecords">Whether a claim says that its record is written: where the transaction of the business does not.</param>
internal sealed class ObservedStore(IIdempotencyStore store, CrashPoints points, bool observeRecords) : IIdempotencyStore
{
    public TimeSpan? OperationTimeout => store.OperationTimeout;

    public string? ObjectionTo(in ClaimOptions options) => store.ObjectionTo(options);

    public async ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken) =>
        Observe(await store.ClaimAsync(key, options, cancellationToken));

    public async ValueTask<ClaimResult> WaitAsync(
        StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
        Observe(await store.WaitAsync(key, options, timeout, cancellationToken));

    private ClaimResult Observe(ClaimResult result)
    {
        if (result.Claim is not { } claim)
            return result;

        points.Reach(CrashPoint.Claimed);
        return observeRecords ? ClaimResult.Acquired(new ObservedClaim(claim, points)) : result;
    }
}
