using System.Buffers;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Stores.DistributedCache;

// Only the lock shows whether a key is in flight. So looking takes the lock for a moment, and a claim in that moment gets "in flight".
internal sealed partial class CacheIdempotencyStore
{
    public bool CanForget => false;

    public async ValueTask<StoredKey?> FindAsync(StorageKey storageKey, CancellationToken cancellationToken)
    {
        var key = storageKey.Value;
        if (await Locks.TryAcquireAsync(key, cancellationToken) is not { } handle)
            return new StoredKey(ClaimOutcome.InFlight, default, "in flight");

        try
        {
            return await LookAsync(key, cancellationToken);
        }
        finally
        {
            await Locks.ReleaseAsync(key, handle);
        }
    }

    public async ValueTask<bool> ResolveAsync(
        StorageKey storageKey, StoredKey found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        var key = storageKey.Value;
        if (await Locks.TryAcquireAsync(key, cancellationToken) is not { } handle)
            return false;

        try
        {
            if ((await LookAsync(key, cancellationToken))?.Version != found.Version)
                return false;

            if (record is { } resolved)
            {
                await Entries.SetAsync(
                    key, CacheEntryKind.Record, Guid.NewGuid(), resolved, retention, late => _ = CallLimit.ForgetAsync(late),
                    cancellationToken);
            }
            else
            {
                await Entries.RemoveAsync(key, cancellationToken);
            }

            return true;
        }
        finally
        {
            await Locks.ReleaseAsync(key, handle);
        }
    }

    public ValueTask<long> ForgetAsync(string scope, CancellationToken cancellationToken) => throw new NotSupportedException(
        "An IDistributedCache cannot enumerate its keys, so the records of one scope cannot be found. Wait until their retention ends, or "
        + "use a store that can enumerate its keys.");

    private async ValueTask<StoredKey?> LookAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            using var found = await Entries.GetAsync(key, cancellationToken);
            return found?.Kind switch
            {
                null => null,
                CacheEntryKind.Marker => new StoredKey(ClaimOutcome.Interrupted, default, found.Version),
                _ => new StoredKey(ClaimOutcome.Completed, found.Record.ToArray(), found.Version),
            };
        }
        catch (Exception exception) when (StoreFailures.Of(exception) is StoreFailure.Unreadable)
        {
            // Report a record that nobody can read, so that an operator can resolve the key. Otherwise it would stay closed: nobody knows
            // its storage key.
            CacheStoreLog.ValueUnreadable(_services.Logger, exception, new KeyHash(key));
            return new StoredKey(ClaimOutcome.Completed, default, "unreadable");
        }
    }
}
