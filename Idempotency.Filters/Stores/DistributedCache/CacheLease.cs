using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>
/// How long a claim keeps its lock. The lock stays alive while the process lives, so this ends the claim of a holder that hangs or
/// abandoned it. Only one caller at a time can take the handle, so a lease cannot end in the middle of a completion.
/// </summary>
internal sealed class CacheLease : IAsyncDisposable
{
    private readonly CacheLocks _locks;
    private readonly StoreClock _clock;
    private readonly string _key;
    private readonly TimeSpan _lease;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenRegistration _lockLost;
    private IdempotencyLockHandle? _handle;
    private ITimer? _timer;
    private long _endsAt;
    private long _lingersUntil;
    private volatile bool _isLockLost;

    public CacheLease(CacheLocks locks, StoreClock clock, string key, IdempotencyLockHandle handle, in ClaimOptions options)
    {
        _locks = locks;
        _clock = clock;
        _key = key;
        _lease = options.Lease;
        _handle = handle;
        _lockLost = handle.Lost.UnsafeRegister(static lease => ((CacheLease)lease!).LoseLock(), this);
        EndAt(options.RenewFor is null ? StoreClock.Never : StoreClock.After(StoreClock.After(clock.Now, options.RenewFor), _lease));
    }

    /// <summary>Fires when the lock is lost or the lease ends.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Whether the lock was lost before it was released.</summary>
    public bool IsLockLost => _isLockLost;

    /// <summary>
    /// Whether the lock service may still hold the lock for this claim: while the lock is being released, and for one lease after it was
    /// lost or could not be released.
    /// </summary>
    public bool MayLinger => _clock.Now < Volatile.Read(ref _lingersUntil);

    /// <returns>The handle; null if the lease has ended.</returns>
    public IdempotencyLockHandle? Take() => Interlocked.Exchange(ref _handle, null);

    public void GiveBack(IdempotencyLockHandle handle)
    {
        Volatile.Write(ref _handle, handle);
        EndIfDue();
    }

    /// <summary>Ends the lease one lease from now, if it does not end sooner.</summary>
    public void EndRenewal() => EndAt(Math.Min(Volatile.Read(ref _endsAt), StoreClock.After(_clock.Now, _lease)));

    /// <summary>Releases the lock at once.</summary>
    /// <param name="handle">What <see cref="Take"/> returned.</param>
    public async Task EndAsync(IdempotencyLockHandle handle)
    {
        _timer?.Dispose();
        _lockLost.Unregister();
        var lingeredUntil = Volatile.Read(ref _lingersUntil);

        // Before the release too: until it is done, this claim's own lock can keep a late completion out.
        Linger();
        if (await _locks.ReleaseAsync(_key, handle))
            Volatile.Write(ref _lingersUntil, lingeredUntil);
        else
            Linger();
    }

    public async ValueTask DisposeAsync()
    {
        if (Take() is { } handle)
            await EndAsync(handle);
    }

    private void EndAt(long moment)
    {
        Volatile.Write(ref _endsAt, moment);
        if (moment == StoreClock.Never)
            return;

        _timer?.Dispose();
        _timer = _clock.StartTimer(EndIfDue, TimeSpan.FromTicks(moment - _clock.Now));
    }

    private void EndIfDue()
    {
        var left = Volatile.Read(ref _endsAt) - _clock.Now;
        if (left > 0)
        {
            // The lease is longer than a timer can count: wait for the rest.
            _timer?.Change(StoreClock.DueTime(TimeSpan.FromTicks(left)), Timeout.InfiniteTimeSpan);
            return;
        }

        if (Take() is not { } handle)
            return;

        _ = _lost.CancelAsync();
        _ = EndAsync(handle);
    }

    private void LoseLock()
    {
        _isLockLost = true;
        Linger();
        _ = _lost.CancelAsync();
    }

    private void Linger() => Volatile.Write(ref _lingersUntil, StoreClock.After(_clock.Now, _lease));
}
