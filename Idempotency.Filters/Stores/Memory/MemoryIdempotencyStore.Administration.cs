using System.Buffers;
using System.Runtime.CompilerServices;

namespace Idempotency.Filters.Stores.Memory;

/// <remarks>Forgetting a scope, and listing, check every key, one shard at a time under its lock.</remarks>
internal sealed partial class MemoryIdempotencyStore : IIdempotencyStoreAdministration
{
    public bool CanList => true;

    public ValueTask<StoredKey?> FindAsync(StorageKey key, CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested
        ? ValueTask.FromCanceled<StoredKey?>(cancellationToken)
        : new(ShardOf(key.Value).Describe(key.Value));

    public ValueTask<bool> ResolveAsync(
        StorageKey key, StoredKey found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(cancellationToken);

        var shard = ShardOf(key.Value);
        var bytes = record?.ToArray();
        var isResolved = shard.Resolve(key.Value, found, bytes, retention, out var lacksRoom);
        if (lacksRoom)
        {
            Purge();
            isResolved = shard.Resolve(key.Value, found, bytes, retention, out lacksRoom);
        }

        return lacksRoom ? ValueTask.FromException<bool>(new IdempotencyStoreFullException(Capacity.TooManyBytes)) : new(isResolved);
    }

    public ValueTask<long> ForgetAsync(string scope, CancellationToken cancellationToken)
    {
        var forgotten = 0L;
        foreach (var shard in _shards)
        {
            if (cancellationToken.IsCancellationRequested)
                return ValueTask.FromCanceled<long>(cancellationToken);

            forgotten += shard.Forget(scope);
        }

        return new(forgotten);
    }

    public async IAsyncEnumerable<StoredEntry> ListAsync(
        ListOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var shard in _shards)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var entry in shard.List(options))
                yield return entry;

            // Nothing else here waits: the thread is shared with those who do.
            await Task.Yield();
        }
    }

    public ValueTask<StoredEntry?> FindListedAsync(string handle, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<StoredEntry?>(cancellationToken)
            : new(ShardOf(handle).FindListed(handle));

    public ValueTask<bool> ResolveListedAsync(
        StoredEntry found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken) =>
        ResolveAsync(new StorageKey(found.Handle, 0), found.Content, record, retention, cancellationToken);
}
