using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Diagnostics;

/// <summary>A call of the store that is under way. Its time counts however it ends: the calls that fail are the slow ones.</summary>
internal readonly struct StoreCall(Histogram<double>? duration, string operation, TimeProvider timeProvider) : IDisposable
{
    private readonly long _started = timeProvider.GetTimestamp();

    public void Dispose() =>
        duration?.Record(timeProvider.GetElapsedTime(_started).TotalSeconds, new KeyValuePair<string, object?>("operation", operation));
}
