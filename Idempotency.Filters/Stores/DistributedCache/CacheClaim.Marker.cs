using System.Buffers;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.DistributedCache;

// The marker outlives a holder that vanished. It must not outlive a holder that released the key.
internal sealed partial class CacheClaim
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Marks the key as in use. If that fails, the claim is released, and the marker is removed in the background: it may still arrive.
    /// </summary>
    /// <param name="lifetime">How long the marker counts; null = until an operator resolves the key.</param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    public async ValueTask MarkAsync(TimeSpan? lifetime, CancellationToken cancellationToken)
    {
        _marked = true;
        var marking = Task.CompletedTask;
        try
        {
            await _entries.SetAsync(
                _key, CacheEntryKind.Marker, _id, ReadOnlySequence<byte>.Empty, lifetime, late => marking = late, cancellationToken);
        }
        catch
        {
            _phase = Phase.Released;
            _lease.EndRenewal();
            _ = UnmarkAsync(marking);
            throw;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_phase != Phase.Held)
            return;

        _phase = Phase.Released;
        if (_marked)
        {
            _lease.EndRenewal();
            if (await TryUnmarkAsync() is not null)
                _ = UnmarkAsync(Task.CompletedTask);
        }
        else
        {
            await _lease.DisposeAsync();
        }
    }

    /// <summary>
    /// Retries until the lease ends. A marker that stays keeps the key in flight until then, and interrupted afterwards, although nothing
    /// ran.
    /// </summary>
    private async Task UnmarkAsync(Task marking)
    {
        await marking.WaitAsync(Lost).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!marking.IsCompleted)
            CacheStoreLog.MarkerStays(_logger, null, new KeyHash(_key));

        for (var pause = FirstPause; await TryUnmarkAsync() is { } failure; pause = Backoff.After(pause, LongestPause))
        {
            await Task.Delay(pause, _timeProvider, Lost).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Lost.IsCancellationRequested)
            {
                CacheStoreLog.MarkerStays(_logger, failure, new KeyHash(_key));
                return;
            }
        }
    }

    /// <returns>The failure; null if the marker is gone and the key is free, or if both belong to somebody else.</returns>
    private async ValueTask<Exception?> TryUnmarkAsync()
    {
        IdempotencyLockHandle? handle = null;
        try
        {
            handle = _lease.Take() ?? await _locks.TryAcquireAsync(_key, CancellationToken.None);
            bool isOurs;
            using (var found = await _entries.GetAsync(_key, CancellationToken.None))
                isOurs = found?.Kind == CacheEntryKind.Marker && found.Envelope.Claim == _id;
            if (handle is null)
                return isOurs ? LockIsBrieflyTaken() : null;

            if (isOurs)
                await _entries.RemoveAsync(_key, CancellationToken.None);

            await _lease.EndAsync(handle);
            return null;
        }
        catch (Exception exception)
        {
            if (handle is not null)
                _lease.GiveBack(handle);
            return exception;
        }
    }

    // Nobody can claim over a marker. Whoever has the lock only looks and releases it at once: a retry that is refused, or an operator.
    private static TimeoutException LockIsBrieflyTaken() => new(
        "The lock of the idempotency key is taken for a moment, because another request looks at the key's marker. Try again.");
}
