using System.Diagnostics;
using System.Runtime;
using Idempotency.Filters.Benchmarks.Compare;
using Idempotency.Filters.Benchmarks.Support;
using Microsoft.AspNetCore.Builder;
using StackExchange.Redis;

namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>The measured process: two applications, and what the measuring one asks about them.</summary>
internal static class ServerCommand
{
    public const string Name = "server";

    /// <param name="store">The name of a <see cref="StoreKind"/>.</param>
    /// <param name="address">Of the server that it needs; empty = none.</param>
    public static async Task RunAsync(string store, string address)
    {
        var kind = StoreKind.All[store];
        using var redis = kind.NeedsRedis
            ? await ConnectionMultiplexer.ConnectAsync(ConfigurationOptions.Parse($"{address},syncTimeout=60000"), null)
            : null;
        await using var covered = await BenchmarkApp.StartAsync(kind, redis, optOut: false);
        await using var optOut = await BenchmarkApp.StartAsync(kind, redis, optOut: true);
        await using var records = new StoreFiller(covered.Services);
        await using var held = new HeldKey(covered.Services);

        // `versus` asks servers of other builds as well: these lines, and the names in what they answer, are better left as they are.
        await ChildProcess.ServeAsync(async line => line.Split(' ') switch
        {
            ["ports"] => new Ports(PortOf(covered), PortOf(optOut)),
            ["settle"] => Benchmarks.Server.Sample.Settle(),
            ["sample"] => Benchmarks.Server.Sample.Take(),
            ["fill", var count] => await records.FillAsync(int.Parse(count)),
            ["put", var name, var count, var size] => await records.PutAsync(name, int.Parse(count), int.Parse(size)),
            ["replay", var name, var count] => await records.ReplayAsync(name, int.Parse(count)),
            ["hold", var key, var count] => await records.HoldAsync(key, int.Parse(count)),
            ["claim", var key] => await held.ClaimAsync(key),
            ["complete", var key] => await held.CompleteAsync(key),
            ["wait", var key] => await held.WaitAsync(key),
            ["arrived"] => Gate.Arrived,
            ["open"] => Open(),
            ["floor", var name, var size] => await Floor.All[name].MeasureAsync(redis, int.Parse(size)),
            _ => throw new InvalidOperationException($"'{line}' is no command."),
        });
    }

    private static int PortOf(WebApplication app) => new Uri(app.Urls.First()).Port;

    private static long Open()
    {
        Gate.Open();
        return Stopwatch.GetTimestamp();
    }
}

/// <param name="Covered">Of the application whose actions are covered one by one.</param>
/// <param name="OptOut">Of the application with a global filter.</param>
internal sealed record Ports(int Covered, int OptOut);

/// <summary>What the server process has used since its start.</summary>
internal sealed record Sample(long AllocatedBytes, double CpuSeconds, long PeakWorkingSet, long CompiledMethods)
{
    /// <summary>What one slice leaves behind is not collected in the next one's time.</summary>
    public static Sample Settle()
    {
        GC.Collect();
        return Take();
    }

    public static Sample Take()
    {
        using var process = Process.GetCurrentProcess();
        return new(
            GC.GetTotalAllocatedBytes(precise: true), process.TotalProcessorTime.TotalSeconds, process.PeakWorkingSet64,
            JitInfo.GetCompiledMethodCount());
    }
}
