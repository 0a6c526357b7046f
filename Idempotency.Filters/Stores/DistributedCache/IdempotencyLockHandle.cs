namespace Idempotency.Filters.Stores;

/// <summary>A lock that is held. Disposed it lets go; disposed again it does nothing.</summary>
public abstract class IdempotencyLockHandle : IAsyncDisposable
{
    /// <summary>Fires when the lock was lost while it was held; <see cref="CancellationToken.None"/> where that cannot be known.</summary>
    public abstract CancellationToken Lost { get; }

    /// <summary>Lets go of the lock.</summary>
    public abstract ValueTask DisposeAsync();
}
