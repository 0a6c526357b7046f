using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Internal;

/// <summary>What every execution needs, gathered once.</summary>
internal sealed record ExecutionServices(
    RecordKeeper Keeper, RecordProtection Protection, IdempotencyMetrics Metrics, TimeProvider TimeProvider, ILogger<IdempotencyEngine> Logger);
