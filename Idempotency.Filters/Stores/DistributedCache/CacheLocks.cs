using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>The lock of each key.</summary>
internal sealed class CacheLocks(IIdempotencyLock locks, CallLimit limit, ILogger logger)
{
    // A name of its own: lock and cache may live in one Redis, where a key cannot be both.
    private const string Suffix = ":lock";

    public Task<IdempotencyLockHandle?> TryAcquireAsync(string key, CancellationToken cancellationToken) => limit.RunAsync(
        token => locks.TryAcquireAsync(key + Suffix, token).AsTask(), late => _ = ReleaseLateAsync(key, late), cancellationToken);

    /// <summary>Never throws: what the lock was for is done, and it ends by itself.</summary>
    /// <returns>Whether it was given back, as far as its handle knows.</returns>
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
