using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.TestSupport;

internal sealed partial class RedisServer
{
    static partial void WhenMissing(string message) =>
        throw new UsageException(message + " To leave Redis out: compare --stores memory,distributed-cache, scale --redis false.");
}
