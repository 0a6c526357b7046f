using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Idempotency.Filters.Stores.Memory;
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
    private readonly Counter<long> _lostLeases;
    private readonly Counter<long> _lostRecords;
    private readonly UpDownCounter<long> _pending;
    private readonly UpDownCounter<long> _pendingBytes;
    private readonly ConcurrentDictionary<string, MemoryCapacity> _memoryStores = [];
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
            "idempotency.request.bodies.unknown", "{request}", "Covered requests whose body could not be compared.");
        _lostLeases = meter.CreateCounter<long>(
            "idempotency.leases.lost", "{lease}", "Records that came to a store that no longer had their claim.");
        _lostRecords = meter.CreateCounter<long>(
            "idempotency.records.lost", "{record}", "Records that could not be stored before their claim ended.");
        _pending = meter.CreateUpDownCounter<long>(
            "idempotency.completions.pending", "{record}", "Records that wait in memory for the store.");
        _pendingBytes = meter.CreateUpDownCounter<long>(
            "idempotency.completions.pending.size", "By", "Memory of the records that wait for the store.");
        meter.CreateObservableGauge(
            "idempotency.memory.usage", MemoryUsage, "1", "How much of a limit of an in-memory store is used.");
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

    /// <param name="policy">The policy of the request.</param>
    /// <param name="isConsumed">Whether something consumed the body; otherwise its end did not come, or it was still being read.</param>
    public void BodyIsUnknown(string policy, bool isConsumed) =>
        _unknownBodies.Add(1, new("policy", policy), new("reason", isConsumed ? "consumed" : "unfinished"));

    /// <param name="store">The name of the store.</param>
    /// <param name="isRestored">Whether the record was stored all the same, because nobody else had the key.</param>
    public void LeaseLost(string store, bool isRestored) =>
        _lostLeases.Add(1, new("store", store), new("record", isRestored ? "stored" : "refused"));

    public void RecordLost(string store, Exception? error) =>
        _lostRecords.Add(1, new("store", store), new("error", error?.GetType().Name));

    /// <param name="store">The name of the store.</param>
    /// <param name="records">How many records more, or fewer, wait for it.</param>
    /// <param name="bytes">The memory that they take.</param>
    public void PendingChanged(string store, int records, long bytes)
    {
        _pending.Add(records, new KeyValuePair<string, object?>("store", store));
        _pendingBytes.Add(bytes, new KeyValuePair<string, object?>("store", store));
    }

    /// <summary>Shows from now on how full an in-memory store is.</summary>
    public void Watch(string store, MemoryCapacity capacity) => _memoryStores[store] = capacity;

    public void Kept(long bodySize) => _responseSize.Record(bodySize);

    /// <summary>Measures a store call until the result is ended.</summary>
    public StoreCall StoreCall(string operation, string store) =>
        _storeDuration.Enabled ? new(_storeDuration, operation, store, _timeProvider) : default;

    private IEnumerable<Measurement<double>> MemoryUsage()
    {
        foreach (var (store, capacity) in _memoryStores)
        {
            yield return Of(capacity.Entries, "entries");
            yield return Of(capacity.Bytes, "bytes");

            Measurement<double> Of(MemoryGauge gauge, string limit) =>
                new((double)gauge.Used / gauge.Limit, new KeyValuePair<string, object?>("store", store), new("limit", limit));
        }
    }
}
