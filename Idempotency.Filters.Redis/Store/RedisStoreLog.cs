using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Redis.Store;

/// <summary>
/// What the store itself logs. Event ids are stable. The Redis store has 68 here, and 60 to 63 and 74 at its start. The lease renewal and
/// the release queue, which stores share, have 64 to 67, 69 and 70; the store in databases has 71 to 73 and 75.
/// </summary>
// By hand: the source generator writes the classes of an assembly in another order each time, and its bytes with them.
internal static class RedisStoreLog
{
    private static readonly Action<ILogger, KeyHash, Exception?> NotSubscribedMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Warning, new(68, nameof(NotSubscribed)),
        "Idempotency key {KeyHash}: no messages can be received; those who wait look again when the lease ends.");

    public static void NotSubscribed(ILogger logger, Exception exception, KeyHash keyHash) =>
        NotSubscribedMessage(logger, keyHash, exception);
}
