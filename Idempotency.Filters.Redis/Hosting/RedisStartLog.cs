using Idempotency.Filters.Redis.Store;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Redis.Hosting;

/// <summary>What the check at the start logs, with stable event ids (60 to 63, and 74).</summary>
// The only class of this assembly that the source generator writes: the order of several would change with each build.
internal static partial class RedisStartLog
{
    [LoggerMessage(60, LogLevel.Information, "Idempotency store {Store}: {Server} serves it at {Addresses}.")]
    public static partial void Connected(ILogger logger, StoreName<RedisIdempotencyStore> store, string addresses, string server);

    [LoggerMessage(61, LogLevel.Warning,
        "Idempotency store {Store}: the server at {Addresses} evicts keys when its memory is full (maxmemory-policy {Policy}). A record "
        + "that is evicted lets its retry run again: set maxmemory-policy to noeviction.")]
    public static partial void Evicts(ILogger logger, StoreName<RedisIdempotencyStore> store, string addresses, string policy);

    [LoggerMessage(62, LogLevel.Error,
        "Idempotency store {Store}: no Redis server serves it at {Addresses}. The application starts all the same, since "
        + "RequireServerAtStart is false; requests with keys are answered 503 until one does.")]
    public static partial void Unreachable(ILogger logger, Exception exception, StoreName<RedisIdempotencyStore> store, string addresses);

    [LoggerMessage(63, LogLevel.Warning,
        "Idempotency store {Store}: the server at {Addresses} does not tell its version and its maxmemory-policy. They need to be 6.2 "
        + "or later, and noeviction.")]
    public static partial void Unchecked(ILogger logger, StoreName<RedisIdempotencyStore> store, string addresses);

    [LoggerMessage(74, LogLevel.Warning,
        "Idempotency store {Store}: the server at {Addresses} keeps nothing on disk (appendonly is no, and save is empty). A restart of it "
        + "forgets every key, and retries run again: set appendonly to yes.")]
    public static partial void KeepsNothing(ILogger logger, StoreName<RedisIdempotencyStore> store, string addresses);
}
