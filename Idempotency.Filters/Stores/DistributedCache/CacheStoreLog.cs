using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.DistributedCache;

// By hand: the source generator writes the classes of an assembly in another order each time, and its bytes with them.
internal static class CacheStoreLog
{
    private static readonly Action<ILogger, string, Exception?> LocksInProcessMessage = LoggerMessage.Define<string>(
        LogLevel.Warning, new(50, nameof(LocksInProcess)),
        "The idempotency store '{Store}' locks its keys within itself only: requests with one key that reach several processes, hosts or "
        + "stores over one cache at the same time all run. Add UseLock(...) to UseDistributedCache() before a second one starts.");

    public static void LocksInProcess(ILogger logger, string store) =>
        LocksInProcessMessage(logger, store, null);

    private static readonly Action<ILogger, string, Exception?> DoesNotLockMessage = LoggerMessage.Define<string>(
        LogLevel.Warning, new(51, nameof(DoesNotLock)),
        "The idempotency store '{Store}' does not lock its keys, since DistributedCacheStoreOptions.Locking is Off: requests with one key "
        + "that come at the same time all run.");

    public static void DoesNotLock(ILogger logger, string store) =>
        DoesNotLockMessage(logger, store, null);

    private static readonly Action<ILogger, KeyHash, Exception?> UnlockFailedMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Warning, new(52, nameof(UnlockFailed)),
        "Idempotency key {KeyHash}: its lock could not be given back, and stays until the lock's own time is up.");

    public static void UnlockFailed(ILogger logger, Exception exception, KeyHash keyHash) =>
        UnlockFailedMessage(logger, keyHash, exception);

    private static readonly Action<ILogger, KeyHash, Exception?> CompletesWithoutLockMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Warning, new(53, nameof(CompletesWithoutLock)),
        "Idempotency key {KeyHash}: the lock was lost and could not be asked for again; the record is stored without it.");

    public static void CompletesWithoutLock(ILogger logger, Exception exception, KeyHash keyHash) =>
        CompletesWithoutLockMessage(logger, keyHash, exception);

    private static readonly Action<ILogger, KeyHash, Exception?> MarkerStaysMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Warning, new(54, nameof(MarkerStays)),
        "Idempotency key {KeyHash}: it was given up, but its marker could not be taken out of the cache. If the marker stands, the key is "
        + "refused as interrupted.");

    public static void MarkerStays(ILogger logger, Exception? exception, KeyHash keyHash) =>
        MarkerStaysMessage(logger, keyHash, exception);

    private static readonly Action<ILogger, KeyHash, Exception?> ValueUnreadableMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Warning, new(55, nameof(ValueUnreadable)),
        "Idempotency key {KeyHash}: what the cache holds under it cannot be read. It can be resolved.");

    public static void ValueUnreadable(ILogger logger, Exception exception, KeyHash keyHash) =>
        ValueUnreadableMessage(logger, keyHash, exception);
}
