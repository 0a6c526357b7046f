using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>What <see cref="LeaseRenewal"/> logs. Event ids are stable (64 and 65), and the same in every store that renews leases.</summary>
internal static partial class LeaseLog
{
    [LoggerMessage(64, LogLevel.Warning,
        "Idempotency key {KeyHash}: the lease ran out, since no renewal was confirmed. Another process may take the key over.")]
    public static partial void LeaseRanOut(ILogger logger, KeyHash keyHash);

    [LoggerMessage(65, LogLevel.Debug, "Idempotency key {KeyHash}: the lease could not be renewed; it will be tried again.")]
    public static partial void RenewalFailed(ILogger logger, Exception exception, KeyHash keyHash);
}
