using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>Acquires and releases the locks of keys.</summary>
internal sealed class CacheLocks(IIdempotencyLock locks, CallLimit limit, ILogger logger)
{
    // The lock needs its own name: lock and cache may be in one Redis, where a key cannot be both.
    private const string Suffix = ":lock";

    public Task<IdempotencyLockHandle?> TryAcquireAsync(string key, CancellationToken cancellationToken) => limit.RunAsync(
        token => locks.TryAcquireAsync(key + Suffix, token).AsTask(), late => _ = ReleaseLateAsync(key, late), cancellationToken);

    /// <summary>Never throws: the work under the lock is done, and the lock ends by itself.</summary>
    /// <returns>Whether the lock was released, as far as its handle knows.</returns>
    public async Task<bool> ReleaseAsync(string key, IdempotencyLockHandle handle)
    {
        try
        {
            return await limit.RunAsync(
                async _ =>
                {
                    await handle.DisposeAsync();
                    return true;
                },
                late => _ = CallLimit.ForgetAsync(late),
                CancellationToken.None);
        }
        catch (Exception exception)
        {
            CacheStoreLog.UnlockFailed(logger, exception, new KeyHash(key));
            return false;
        }
    }

    private async Task ReleaseLateAsync(string key, Task<IdempotencyLockHandle?> acquiring)
    {
        await CallLimit.ForgetAsync(acquiring);
        if (acquiring.IsCompletedSuccessfully && await acquiring is { } handle)
            await ReleaseAsync(key, handle);
    }
}
