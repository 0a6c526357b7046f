using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Micro;

/// <summary>The parts, one by one, without a server. A run over all of them rewrites their part of the page.</summary>
internal static class MicroCommand
{
    private const string All = "*";

    public static int Run(string[] arguments)
    {
        var filter = arguments is [var first, ..] && !first.StartsWith('-') ? first : All;
        var config = ManualConfig.CreateEmpty()
            .AddJob(Job.ShortRun)
            .AddLogger(ConsoleLogger.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .WithOptions(ConfigOptions.JoinSummary | ConfigOptions.DisableLogFile);
        var summary = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly)
            .Run(["--filter", filter, .. arguments.Where(argument => argument != filter)], config).Single();
        if (summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success))
            return 1;

        if (filter == All)
            Documents.ReplacePart(Documents.Performance, "micro", Table(summary));
        return 0;
    }

    private static string Table(Summary summary)
    {
        var log = new AccumulationLogger();
        MarkdownExporter.GitHub.ExportToLog(summary, log);
        return log.GetLog();
    }
}
