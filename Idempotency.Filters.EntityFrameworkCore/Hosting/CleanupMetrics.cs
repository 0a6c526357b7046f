using System.Diagnostics.Metrics;
using Idempotency.Filters.EntityFrameworkCore.Store;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.EntityFrameworkCore.Hosting;

/// <summary>The instruments of <c>Meter("Idempotency.Filters.EntityFrameworkCore")</c>.</summary>
internal sealed class CleanupMetrics
{
    private readonly Counter<long> _removed;
    private readonly Histogram<double> _duration;

    public CleanupMetrics(IMeterFactory meterFactory)
    {
        var meter = meterFactory.Create("Idempotency.Filters.EntityFrameworkCore");
        _removed = meter.CreateCounter<long>("idempotency.cleanup.removed", "{key}", "Expired keys that this process removed.");
        _duration = meter.CreateHistogram<double>("idempotency.cleanup.duration", "s", "Duration of a clean-up of one database.");
    }

    public void Removed(StoreName<EfIdempotencyStore> store, int count) => _removed.Add(count, Tag(store));

    public void Took(StoreName<EfIdempotencyStore> store, TimeSpan duration) => _duration.Record(duration.TotalSeconds, Tag(store));

    private static KeyValuePair<string, object?> Tag(StoreName<EfIdempotencyStore> store) => new("store", store.Value ?? "(default)");
}
