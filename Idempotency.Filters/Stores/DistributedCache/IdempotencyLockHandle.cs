namespace Idempotency.Filters.Stores;

/// <summary>A lock that is held. Disposing it releases the lock; disposing it again does nothing.</summary>
public abstract class IdempotencyLockHandle : IAsyncDisposable
{
    /// <summary>Fires when the lock is lost while it is held; <see cref="CancellationToken.None"/> if that cannot be detected.</summary>
    public abstract CancellationToken Lost { get; }

    /// <summary>Releases the lock.</summary>
    public abstract ValueTask DisposeAsync();
}
