using System.Buffers;
using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>A claim of the cache-and-lock store: the lock of the key, and under <see cref="InterruptedBehavior.Block"/> a marker in the cache.</summary>
internal sealed partial class CacheClaim : IdempotencyClaim
{
    private readonly CacheEntries _entries;
    private readonly CacheLocks _locks;
    private readonly CacheLease _lease;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly string _key;
    private readonly Guid _id = Guid.NewGuid();

    // Never given back: its reader may be as late as it likes.
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
    /// The lock is lost. Taken once more, it keeps others out between the look and the write; where it cannot be asked, an answer that is lost
    /// would be worse than one that is overwritten.
    /// </summary>
    /// <exception cref="TimeoutException">Somebody only looks at the key, or the lock may still be this claim's own: try again.</exception>
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
                if (IsAnothers(found))
                    return Completion.LeaseLost;
                // A marker is the claim itself; without one, the lock is.
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
                throw LookedAt();

            _phase = Phase.Completed;
            return Completion.Stored;
        }

        // Its holder may be another request, or this one, whose handle is dead while its lock is not.
        if (_lease.MayLinger && !IsAnothers(found))
            throw new TimeoutException("The lock of the idempotency key was lost, and is still taken.");
        return Completion.LeaseLost;
    }

    private bool IsAnothers(CacheEntry? found) =>
        found is not null && found.Envelope.Claim != _id && found.Envelope.Claim != _previous?.Envelope.Claim;

    private async ValueTask SetRecordAsync(ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        await _entries.SetAsync(
            _key, CacheEntryKind.Record, _id, record, retention, late => _ = CallLimit.ForgetAsync(late), cancellationToken);
        _phase = Phase.Completed;
    }
}
