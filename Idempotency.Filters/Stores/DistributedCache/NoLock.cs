namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>Grants every lock, for <see cref="CacheLocking.Off"/>.</summary>
internal sealed class NoLock : IIdempotencyLock
{
    public ValueTask<IdempotencyLockHandle?> TryAcquireAsync(string name, CancellationToken cancellationToken) => new(Handle.Instance);

    private sealed class Handle : IdempotencyLockHandle
    {
        public static readonly Handle Instance = new();

        public override CancellationToken Lost => CancellationToken.None;

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
