using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Records;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Engine;

/// <summary>What every execution needs, gathered once.</summary>
internal sealed record ExecutionServices(
    CompletionRetrier Keeper, RecordProtection Protection, IdempotencyMetrics Metrics, TimeProvider TimeProvider, ILogger<IdempotencyEngine> Logger);
