using System.Collections.Concurrent;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>Excludes requests within one process only. It keeps only the names that are held.</summary>
internal sealed class InProcessLock : IIdempotencyLock
{
    private readonly ConcurrentDictionary<string, Handle> _held = new(StringComparer.Ordinal);

    public int Count => _held.Count;

    public ValueTask<IdempotencyLockHandle?> TryAcquireAsync(string name, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<IdempotencyLockHandle?>(cancellationToken);

        var handle = new Handle(this, name);
        return new(_held.TryAdd(name, handle) ? handle : null);
    }

    private sealed class Handle(InProcessLock owner, string name) : IdempotencyLockHandle
    {
        public override CancellationToken Lost => CancellationToken.None;

        public override ValueTask DisposeAsync()
        {
            // Remove this handle only: a second disposal must not release the next holder's lock.
            owner._held.TryRemove(new(name, this));
            return ValueTask.CompletedTask;
        }
    }
}
