using System.Diagnostics.Metrics;

namespace Idempotency.Filters.Diagnostics;

/// <summary>A store call that is under way. End it however it ends: the calls that fail are the slow ones.</summary>
internal readonly struct StoreCall(Histogram<double>? duration, string operation, string store, TimeProvider timeProvider)
{
    private readonly long _started = timeProvider.GetTimestamp();

    public void End() => duration?.Record(Elapsed, new("operation", operation), new("store", store));

    public void Fail(Exception exception) =>
        duration?.Record(Elapsed, new("operation", operation), new("store", store), new("error", exception.GetType().Name));

    private double Elapsed => timeProvider.GetElapsedTime(_started).TotalSeconds;
}
