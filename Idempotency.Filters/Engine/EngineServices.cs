using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Engine;

/// <summary>What every covered request needs, gathered once.</summary>
internal sealed record EngineServices(
    CompletionRetrier Retrier,
    RecordProtection Protection,
    IdempotencyMetrics Metrics,
    TimeProvider TimeProvider,
    ILogger<IdempotencyEngine> Logger,
    IHttpContextAccessor? HttpContextAccessor = null)
{
    /// <summary>Shared with the retrier, so that each kind of line has one limit.</summary>
    public StoreFaultLog Faults => Retrier.Faults;

    /// <summary>Counts a body that cannot be compared, and warns once of an endpoint whose bodies are consumed before.</summary>
    public void NoteBody(IdempotentRequest request, in Fingerprint fingerprint)
    {
        if (fingerprint.HasBody)
            return;

        Metrics.BodyIsUnknown(request.Policy.Name, fingerprint.IsConsumed);
        if (fingerprint.IsConsumed && request.Policy.IsFirstUnknownBody())
            Log.BodyIsUnknown(Logger, request.Http.GetEndpoint()?.DisplayName ?? request.Http.Request.Path.Value, request.Policy.Name);
    }
}
