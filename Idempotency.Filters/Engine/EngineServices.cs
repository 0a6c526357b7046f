using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Records;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Engine;

/// <summary>What every covered request needs, gathered once.</summary>
internal sealed record EngineServices(
    CompletionRetrier Retrier,
    RecordProtection Protection,
    IdempotencyMetrics Metrics,
    TimeProvider TimeProvider,
    ILogger<IdempotencyEngine> Logger)
{
    public StoreFaultLog Faults { get; } = new(Logger, TimeProvider);
}
