using System.Buffers;
using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>
/// A claim of the cache-and-lock store: the lock of the key and, under <see cref="InterruptedBehavior.Block"/>, a marker in the cache.
/// </summary>
internal sealed partial class CacheClaim : IdempotencyClaim
{
    private readonly CacheEntries _entries;
    private readonly CacheLocks _locks;
    private readonly CacheLease _lease;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly string _key;
    private readonly Guid _id = Guid.NewGuid();

    // Never disposed: the action may read PreviousRecord at any time, so the buffer must not return to the pool.
    private readonly CacheEntry? _previous;
    private Phase _phase;
    private bool _marked;

    public CacheClaim(CacheStoreServices services, string key, IdempotencyLockHandle handle, CacheEntry? previous, in ClaimOptions options)
    {
        _entries = services.Entries;
        _locks = services.Locks;
        _timeProvider = services.TimeProvider;
        _logger = services.Logger;
        _key = key;
        _previous = previous;
        _lease = new(services.Locks, services.Clock, key, handle, options);
    }

    private enum Phase
    {
        Held,
        Abandoned,
        Completed,
        Released,
    }

    public override CancellationToken Lost => _lease.Lost;

    public override long? FencingToken => null;

    public override ReadOnlySequence<byte>? PreviousRecord => _previous?.Record;

    public override async ValueTask<Completion> CompleteAsync(
        ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        if (_phase == Phase.Completed)
            return Completion.Stored;

        ObjectDisposedException.ThrowIf(_phase == Phase.Released, this);
        var handle = _lease.Take();
        if (handle is null || handle.Lost.IsCancellationRequested)
            return await CompleteLateAsync(handle, record, retention, cancellationToken);

        try
        {
            await SetRecordAsync(record, retention, cancellationToken);
        }
        catch
        {
            _lease.GiveBack(handle);
            throw;
        }

        await _lease.EndAsync(handle);
        return Completion.Stored;
    }

    public override void Abandon()
    {
        if (_phase != Phase.Held)
            return;

        _phase = Phase.Abandoned;
        _lease.EndRenewal();
    }

    /// <summary>
    /// Completes after the lock was lost. Takes the lock again, to keep others out between the look and the write. If the lock service
    /// fails, writes without the lock: losing this answer would be worse than overwriting another.
    /// </summary>
    /// <exception cref="TimeoutException">Somebody only looks at the key, or the lock may still be this claim's own. Try again.</exception>
    private async ValueTask<Completion> CompleteLateAsync(
        IdempotencyLockHandle? lost, ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        if (lost is not null)
            await _lease.EndAsync(lost);

        IdempotencyLockHandle? again = null;
        var isTaken = false;
        bool isRestored;
        try
        {
            again = await _locks.TryAcquireAsync(_key, cancellationToken);
            isTaken = again is null;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            CacheStoreLog.CompletesWithoutLock(_logger, exception, new KeyHash(_key));
        }

        try
        {
            using (var found = await _entries.GetAsync(_key, cancellationToken))
            {
                if (isTaken)
                    return WhileTaken(found);
                if (BelongsToAnother(found))
                    return Completion.LeaseLost;
                // If there is a marker, it is the claim; otherwise the lock is.
                isRestored = _marked ? found is null : _lease.IsLockLost;
            }

            await SetRecordAsync(record, retention, cancellationToken);
            return isRestored ? Completion.Restored : Completion.Stored;
        }
        finally
        {
            if (again is not null)
                await _locks.ReleaseAsync(_key, again);
        }
    }

    private Completion WhileTaken(CacheEntry? found)
    {
        if (found?.Envelope.Claim == _id)
        {
            if (found.Kind == CacheEntryKind.Marker)
                throw LockIsBrieflyTaken();

            _phase = Phase.Completed;
            return Completion.Stored;
        }

        // The lock may belong to another request, or still to this claim: its handle is dead, but the lock service may not know.
        if (_lease.MayLinger && !BelongsToAnother(found))
            throw new TimeoutException("The lock of the idempotency key was lost, but the lock service still holds it. Try again.");
        return Completion.LeaseLost;
    }

    private bool BelongsToAnother(CacheEntry? found) =>
        found is not null && found.Envelope.Claim != _id && found.Envelope.Claim != _previous?.Envelope.Claim;

    private async ValueTask SetRecordAsync(ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        await _entries.SetAsync(
            _key, CacheEntryKind.Record, _id, record, retention, late => _ = CallLimit.ForgetAsync(late), cancellationToken);
        _phase = Phase.Completed;
    }
}
