using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

internal static partial class CacheStoreLog
{
    [LoggerMessage(50, LogLevel.Warning,
        "The idempotency store '{Store}' locks its keys within itself only: requests with one key that reach several processes, hosts or stores over "
        + "one cache at the same time all run. Add UseLock(...) to UseDistributedCache() before a second one starts.")]
    public static partial void LocksInProcess(ILogger logger, string store);

    [LoggerMessage(51, LogLevel.Warning,
        "The idempotency store '{Store}' does not lock its keys, since DistributedCacheStoreOptions.Locking is Off: requests with one key that "
        + "come at the same time all run.")]
    public static partial void DoesNotLock(ILogger logger, string store);

    [LoggerMessage(52, LogLevel.Warning,
        "Idempotency key {KeyHash}: its lock could not be given back, and stays until the lock's own time is up.")]
    public static partial void UnlockFailed(ILogger logger, Exception exception, KeyHash keyHash);

    [LoggerMessage(53, LogLevel.Warning,
        "Idempotency key {KeyHash}: the lock was lost and could not be asked for again; the record is stored without it.")]
    public static partial void CompletesWithoutLock(ILogger logger, Exception exception, KeyHash keyHash);

    [LoggerMessage(54, LogLevel.Warning,
        "Idempotency key {KeyHash}: it was given up, but its marker could not be taken out of the cache. If the marker stands, the key is "
        + "refused as interrupted.")]
    public static partial void MarkerStays(ILogger logger, Exception? exception, KeyHash keyHash);

    [LoggerMessage(55, LogLevel.Warning, "Idempotency key {KeyHash}: what the cache holds under it cannot be read. It can be resolved.")]
    public static partial void ValueUnreadable(ILogger logger, Exception exception, KeyHash keyHash);
}
