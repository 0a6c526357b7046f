using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>Everything the Redis store logs, with stable event ids (60 to 79).</summary>
internal static partial class RedisStoreLog
{
    [LoggerMessage(60, LogLevel.Information, "Idempotency store {Store}: {Server} serves it at {Addresses}.")]
    public static partial void Connected(ILogger logger, RedisStoreName store, string addresses, string server);

    [LoggerMessage(61, LogLevel.Warning,
        "Idempotency store {Store}: the server at {Addresses} evicts keys when its memory is full (maxmemory-policy {Policy}). A record that is "
        + "evicted lets its retry run again: set maxmemory-policy to noeviction.")]
    public static partial void Evicts(ILogger logger, RedisStoreName store, string addresses, string policy);

    [LoggerMessage(62, LogLevel.Error,
        "Idempotency store {Store}: no Redis server serves it at {Addresses}. The application starts all the same, since RequireServerAtStart is "
        + "false; requests with keys are answered 503 until one does.")]
    public static partial void Unreachable(ILogger logger, Exception exception, RedisStoreName store, string addresses);

    [LoggerMessage(63, LogLevel.Warning,
        "Idempotency store {Store}: the server at {Addresses} does not tell its version and its maxmemory-policy. They need to be 6.2 or later, "
        + "and noeviction.")]
    public static partial void Unchecked(ILogger logger, RedisStoreName store, string addresses);

    [LoggerMessage(64, LogLevel.Warning,
        "Idempotency key {KeyHash}: the lease ran out, since no renewal was confirmed. Another process may take the key over.")]
    public static partial void LeaseRanOut(ILogger logger, KeyHash keyHash);

    [LoggerMessage(65, LogLevel.Debug, "Idempotency key {KeyHash}: the lease could not be renewed; it will be tried again.")]
    public static partial void RenewalFailed(ILogger logger, Exception exception, KeyHash keyHash);

    [LoggerMessage(66, LogLevel.Warning, "Idempotency key {KeyHash}: the claim could not be given up; it will be tried again.")]
    public static partial void ReleaseFailed(ILogger logger, Exception exception, KeyHash keyHash);

    [LoggerMessage(67, LogLevel.Warning,
        "Idempotency key {KeyHash}: the claim could not be given up. If it stands, the key stays closed until its lease ends; then "
        + "WhenInterrupted decides.")]
    public static partial void ReleaseGivenUp(ILogger logger, Exception? exception, KeyHash keyHash);

    [LoggerMessage(68, LogLevel.Warning, "Idempotency key {KeyHash}: no messages can be received; those who wait look again when the lease ends.")]
    public static partial void NotSubscribed(ILogger logger, Exception exception, KeyHash keyHash);

    [LoggerMessage(69, LogLevel.Warning,
        "More than {Capacity} claims wait to be given up. The least certain of them are dropped until all that wait are done: where such a "
        + "claim stands, its key stays closed until its lease ends; then WhenInterrupted decides.")]
    public static partial void ReleasesDropped(ILogger logger, int capacity);

    [LoggerMessage(70, LogLevel.Warning,
        "{Count} claims could not be given up before the application ended. Where one stands, its key stays closed until its lease ends; "
        + "then WhenInterrupted decides.")]
    public static partial void ReleasesLeft(ILogger logger, int count);

    [LoggerMessage(71, LogLevel.Warning,
        "The connection to {Addresses} carried nothing any more, and a new one does: the new one has taken its place.")]
    public static partial void Replaced(ILogger logger, string addresses);
}
