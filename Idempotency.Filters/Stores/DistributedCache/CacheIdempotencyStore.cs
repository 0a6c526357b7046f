using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>
/// Keeps records in an <see cref="IDistributedCache"/> and claims keys with a lock: get, lock, get again, run, set the record, unlock. A
/// cache has no compare-and-set, so a record can be overwritten if a lock is lost unnoticed.
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

    public ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken) =>
        ClaimAsync(key.Value, options, cancellationToken);

    public ValueTask<ClaimResult> WaitAsync(StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
        timeout > TimeSpan.Zero
            ? _waiters.WaitAsync(key.Value, options, timeout, cancellationToken)
            : ClaimAsync(key, options, cancellationToken);

    public async ValueTask<ClaimResult> ClaimAsync(string key, ClaimOptions options, CancellationToken cancellationToken)
    {
        // A record can be returned without the lock, unless this claim goes over it.
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
                // We have the lock, so the holder of the marker vanished.
                found.Dispose();
                await Locks.ReleaseAsync(key, handle);
                return ClaimResult.Interrupted;
            case { Kind: CacheEntryKind.Record } when !options.OverCompleted:
                await Locks.ReleaseAsync(key, handle);
                return ClaimResult.Completed(found.Record, found);
        }

        var claim = new CacheClaim(_services, key, handle, found, options);

        // A claim over a record never blocks the key: the record still stands.
        if (found is null && options.WhenInterrupted == InterruptedBehavior.Block)
            await claim.MarkAsync(MarkerLifetime(options), cancellationToken);
        return ClaimResult.Acquired(claim);
    }

    /// <summary>
    /// The longest possible lease plus <see cref="ClaimOptions.BlockFor"/>, because the cache does not know when the lease of a dead
    /// process ended. Null = forever.
    /// </summary>
    private static TimeSpan? MarkerLifetime(in ClaimOptions options)
    {
        var ends = StoreClock.After(StoreClock.After(options.Lease.Ticks, options.RenewFor), options.BlockFor);
        return ends == StoreClock.Never ? null : TimeSpan.FromTicks(ends);
    }
}
