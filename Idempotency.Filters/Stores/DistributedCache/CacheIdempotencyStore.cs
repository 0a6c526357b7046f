using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>
/// Records in an <see cref="IDistributedCache"/>, claims by a lock: get, lock, get again, run, set the record, unlock. There is no
/// compare-and-set, so that a lock which is lost unnoticed lets a record be overwritten.
/// </summary>
internal sealed partial class CacheIdempotencyStore : IIdempotencyStore, IIdempotencyStoreAdministration
{
    private readonly CacheStoreServices _services;
    private readonly KeyWaiters _waiters;

    public CacheIdempotencyStore(
        IDistributedCache cache, IIdempotencyLock locks, TimeSpan operationTimeout, TimeProvider timeProvider, ILogger logger)
    {
        OperationTimeout = operationTimeout;
        var limit = new CallLimit(operationTimeout, timeProvider);
        _services = new(new(cache, limit, timeProvider), new(locks, limit, logger), new(timeProvider), timeProvider, logger);
        _waiters = new(timeProvider, key => new(new CacheWatch(this, key, timeProvider)));
    }

    public TimeSpan? OperationTimeout { get; }

    private CacheEntries Entries => _services.Entries;

    private CacheLocks Locks => _services.Locks;

    public async ValueTask<ClaimResult> ClaimAsync(string key, ClaimOptions options, CancellationToken cancellationToken)
    {
        // A record is an answer without a lock, unless the claim is made over it.
        if (!options.OverCompleted && await Entries.GetAsync(key, cancellationToken) is { } early)
        {
            if (early.Kind == CacheEntryKind.Record)
                return ClaimResult.Completed(early.Record, early);
            early.Dispose();
        }

        return await Locks.TryAcquireAsync(key, cancellationToken) is { } handle
            ? await ClaimLockedAsync(key, options, handle, cancellationToken)
            : ClaimResult.InFlight;
    }

    public ValueTask<ClaimResult> WaitAsync(string key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
        timeout > TimeSpan.Zero ? _waiters.WaitAsync(key, options, timeout, cancellationToken) : ClaimAsync(key, options, cancellationToken);

    private async ValueTask<ClaimResult> ClaimLockedAsync(
        string key, ClaimOptions options, IdempotencyLockHandle handle, CancellationToken cancellationToken)
    {
        CacheEntry? found;
        try
        {
            found = await Entries.GetAsync(key, cancellationToken);
        }
        catch
        {
            _ = Locks.ReleaseAsync(key, handle);
            throw;
        }

        switch (found)
        {
            case { Kind: CacheEntryKind.Marker }:
                // Its holder would have the lock.
                found.Dispose();
                await Locks.ReleaseAsync(key, handle);
                return ClaimResult.Interrupted;
            case { Kind: CacheEntryKind.Record } when !options.OverCompleted:
                await Locks.ReleaseAsync(key, handle);
                return ClaimResult.Completed(found.Record, found);
        }

        var claim = new CacheClaim(_services, key, handle, found, options);

        // Over a record there is no unknown outcome: the record stands.
        if (found is null && options.WhenInterrupted == InterruptedBehavior.Block)
            await claim.MarkAsync(MarkerLifetime(options), cancellationToken);
        return ClaimResult.Acquired(claim);
    }

    /// <summary>
    /// The cache does not know when the lease of a dead process ended: the marker counts from the latest moment, and for ever where there is none.
    /// </summary>
    private static TimeSpan? MarkerLifetime(in ClaimOptions options)
    {
        var ends = StoreClock.After(StoreClock.After(options.Lease.Ticks, options.RenewFor), options.BlockFor);
        return ends == StoreClock.Never ? null : TimeSpan.FromTicks(ends);
    }
}
