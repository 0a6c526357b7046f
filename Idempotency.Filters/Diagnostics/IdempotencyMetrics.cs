using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Diagnostics;

/// <summary>The instruments of <c>Meter("Idempotency.Filters")</c>, and the tags on the request's activity.</summary>
internal sealed class IdempotencyMetrics
{
    public const string MeterName = "Idempotency.Filters";

    private readonly Counter<long> _requests;
    private readonly UpDownCounter<long> _active;
    private readonly Histogram<double> _storeDuration;
    private readonly Histogram<long> _responseSize;
    private readonly Counter<long> _unknownBodies;
    private readonly TimeProvider _timeProvider;

    public IdempotencyMetrics(IMeterFactory meterFactory, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        var meter = meterFactory.Create(MeterName);
        _requests = meter.CreateCounter<long>(
            "idempotency.requests", "{request}", "Covered requests, by outcome.");
        _active = meter.CreateUpDownCounter<long>(
            "idempotency.executions.active", "{execution}", "Executions that currently hold a claim.");
        _storeDuration = meter.CreateHistogram<double>(
            "idempotency.store.duration", "s", "Duration of store operations.",
            advice: new() { HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] });
        _responseSize = meter.CreateHistogram<long>(
            "idempotency.response.size", "By", "Size of the response bodies that were kept.");
        _unknownBodies = meter.CreateCounter<long>(
            "idempotency.request.bodies.unknown", "{request}", "Covered requests whose body was consumed before it could be compared.");
    }

    public void Finished(HttpContext http, string policy, string outcome)
    {
        _requests.Add(1, new("outcome", outcome), new("policy", policy));

        if (http.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } activity)
        {
            activity.SetTag("idempotency.outcome", outcome);
            activity.SetTag("idempotency.policy", policy);
        }
    }

    public void ExecutionStarted() => _active.Add(1);

    public void ExecutionEnded() => _active.Add(-1);

    public void BodyIsUnknown(string policy) => _unknownBodies.Add(1, new KeyValuePair<string, object?>("policy", policy));

    public void Kept(long bodySize) => _responseSize.Record(bodySize);

    /// <summary>Measures a store call until the result is disposed.</summary>
    public StoreCall StoreCall(string operation) => _storeDuration.Enabled ? new(_storeDuration, operation, _timeProvider) : default;
}
