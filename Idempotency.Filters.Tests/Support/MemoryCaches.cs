using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Internal;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Tests.Support;

/// <summary>The framework's in-memory distributed cache, with the clock of a test.</summary>
internal static class MemoryCaches
{
    public static IDistributedCache Create(TimeProvider? clock = null) =>
        new MemoryDistributedCache(Microsoft.Extensions.Options.Options.Create(
            new MemoryDistributedCacheOptions { Clock = new Clock(clock ?? TimeProvider.System) }));

    private sealed class Clock(TimeProvider clock) : ISystemClock
    {
        public DateTimeOffset UtcNow => clock.GetUtcNow();
    }
}
