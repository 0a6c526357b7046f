using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Micro;

/// <summary>The parts, one by one, without a server.</summary>
internal static class MicroCommand
{
    /// <summary>The names of its arguments.</summary>
    public static readonly string[] Options = ["filter", "write"];

    public static int Run(Arguments arguments)
    {
        var filter = arguments.Get("filter", "*");
        var write = Documents.WillBeWritten(arguments, partial: arguments.Has("filter"));
        var config = ManualConfig.CreateEmpty()
            .AddJob(Job.Default.WithWarmupCount(4).WithIterationCount(9))
            .AddLogger(ConsoleLogger.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .WithOptions(ConfigOptions.JoinSummary | ConfigOptions.DisableLogFile);
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(["--filter", filter], config);
        if (summaries.SingleOrDefault() is not { } summary)
            throw new UsageException($"No benchmark is called '{filter}'. Names match as a whole: '*Fingerprint*'.");
        if (summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success))
            return 1;

        if (write)
            Documents.ReplacePart(Documents.PerformanceData, "micro", Table(summary));
        return 0;
    }

    private static string Table(Summary summary)
    {
        var log = new AccumulationLogger();
        MarkdownExporter.GitHub.ExportToLog(summary, log);
        return log.GetLog();
    }
}
