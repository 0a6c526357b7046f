using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;

namespace Idempotency.Filters.Benchmarks.Micro;

/// <summary>The parts, one by one, without a server.</summary>
internal static class MicroCommand
{
    public static int Run(string[] filter)
    {
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly)
            .Run(["--filter", .. filter.DefaultIfEmpty("*")], DefaultConfig.Instance.WithOptions(ConfigOptions.JoinSummary));
        return summaries.Any(summary => summary.HasCriticalValidationErrors) ? 1 : 0;
    }
}
