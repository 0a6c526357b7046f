using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>
/// What <see cref="LeaseRenewal"/> logs. Event ids are stable (64 and 65), and the same in every store that renews leases.
/// </summary>
// By hand: the source generator writes the classes of an assembly in another order each time, and its bytes with them.
internal static class LeaseLog
{
    private static readonly Action<ILogger, KeyHash, Exception?> LeaseRanOutMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Warning, new(64, nameof(LeaseRanOut)),
        "Idempotency key {KeyHash}: the lease ran out, since no renewal was confirmed. Another process may take the key over.");

    public static void LeaseRanOut(ILogger logger, KeyHash keyHash) =>
        LeaseRanOutMessage(logger, keyHash, null);

    private static readonly Action<ILogger, KeyHash, Exception?> RenewalFailedMessage = LoggerMessage.Define<KeyHash>(
        LogLevel.Debug, new(65, nameof(RenewalFailed)),
        "Idempotency key {KeyHash}: the lease could not be renewed; it will be tried again.");

    public static void RenewalFailed(ILogger logger, Exception exception, KeyHash keyHash) =>
        RenewalFailedMessage(logger, keyHash, exception);
}
