using System.Diagnostics.Metrics;

namespace Idempotency.Filters.Diagnostics;

/// <summary>A store call that is under way. Its duration is recorded however it ends: the calls that fail are the slow ones.</summary>
internal readonly struct StoreCall(Histogram<double>? duration, string operation, TimeProvider timeProvider) : IDisposable
{
    private readonly long _started = timeProvider.GetTimestamp();

    public void Dispose() =>
        duration?.Record(timeProvider.GetElapsedTime(_started).TotalSeconds, new KeyValuePair<string, object?>("operation", operation));
}
