using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>The stores that can be compared, by the name that the command line uses: a line each.</summary>
internal static class StoreKinds
{
    public static readonly IReadOnlyDictionary<string, Action<IIdempotencyBuilder>> All = new Dictionary<string, Action<IIdempotencyBuilder>>
    {
        ["memory"] = builder => builder.UseMemory(options => (options.MaxEntries, options.MaxBytes) = (20_000_000, 16L << 30)),
    };
}
