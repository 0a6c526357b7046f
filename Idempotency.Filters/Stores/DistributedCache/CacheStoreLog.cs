using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

// Not [LoggerMessage]: with several such classes, its generator orders them differently each time, and builds are not reproducible.
internal static class CacheStoreLog
{
    private static readonly Action<ILogger, string, Exception?> LocksInProcessMessage = LoggerMessage.Define<string>(
        LogLevel.Warning, new(50, nameof(LocksInProcess)),
        "The idempotency store '{Store}' locks its keys within itself only. If several processes, hosts or stores share its cache, "
        + "requests with one key can run in each of them at the same time. Add UseLock(...) to UseDistributedCache() before you start a "
        + "second one.");

    public static void LocksInProcess(ILogger logger, string store) =>
        LocksInProcessMessage(logger, store, null);

    private static readonly Action<ILogger, string, Exception?> DoesNotLockMessage = LoggerMessage.Define<string>(
        LogLevel.Warning, new(51, nameof(DoesNotLock)),
        "The idempotency store '{Store}' does not lock its keys, because DistributedCacheStoreOptions.Locking is Off. Requests with one "
        + "key that arrive at the same time all run.");

    public static void DoesNotLock(ILogger logger, string store) =>
        DoesNotLockMessage(logger, store, null);

    private static readonly Action<ILogger, KeyHash, Exception?> UnlockFailedMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Warning, new(52, nameof(UnlockFailed)),
        "Idempotency key {KeyHash}: the lock could not be released, and stays until it expires by itself.");

    public static void UnlockFailed(ILogger logger, Exception exception, KeyHash keyHash) =>
        UnlockFailedMessage(logger, keyHash, exception);

    private static readonly Action<ILogger, KeyHash, Exception?> CompletesWithoutLockMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Warning, new(53, nameof(CompletesWithoutLock)),
        "Idempotency key {KeyHash}: the lock was lost, and the lock service failed. The record is stored without the lock.");

    public static void CompletesWithoutLock(ILogger logger, Exception exception, KeyHash keyHash) =>
        CompletesWithoutLockMessage(logger, keyHash, exception);

    private static readonly Action<ILogger, KeyHash, Exception?> MarkerStaysMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Warning, new(54, nameof(MarkerStays)),
        "Idempotency key {KeyHash}: the claim was released, but its marker could not be removed from the cache. If the marker is there, "
        + "retries get outcome-unknown until an operator resolves the key or the marker expires.");

    public static void MarkerStays(ILogger logger, Exception? exception, KeyHash keyHash) =>
        MarkerStaysMessage(logger, keyHash, exception);

    private static readonly Action<ILogger, KeyHash, Exception?> ValueUnreadableMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Warning, new(55, nameof(ValueUnreadable)),
        "Idempotency key {KeyHash}: the cache value cannot be read. An operator can resolve the key.");

    public static void ValueUnreadable(ILogger logger, Exception exception, KeyHash keyHash) =>
        ValueUnreadableMessage(logger, keyHash, exception);
}
