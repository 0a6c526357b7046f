using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.TestSupport;

internal sealed partial class ServerProgram
{
    static partial void WhenMissing(string message) => throw new UsageException(message);
}
