using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>Whether the cost stays what it is when there is more of something: records, keys in flight, waiters, bytes.</summary>
internal static class ScaleCommand
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        await using var load = LoadCommand.Start();
        var effort = new Effort(load, arguments.Get("store", "memory"), arguments.Get("rounds", 5), arguments.Get("seconds", 0.5));

        Series[] series =
        [
            await CrowdedStore.MeasureAsync(effort, "fill", "live records", Upto(arguments.Get("records", 1_000_000), 1_000)),
            await CrowdedStore.MeasureAsync(effort, "hold crowd", "keys in flight", Upto(arguments.Get("keys", 100_000), 1_000)),
            await Waiters.MeasureAsync(effort, Upto(arguments.Get("waiters", 10_000), 1)),
            await Uploads.MeasureAsync(effort, [.. Uploads.BodySizes.Where(size => size <= arguments.Get("body", 1_000_000_000L))]),
        ];
        new ScaleReport(series).Write(arguments.Get("write", true));
        return 0;
    }

    /// <summary>The powers of ten from the first to the last.</summary>
    private static int[] Upto(int last, int first)
    {
        var steps = new List<int>();
        for (long step = first; step <= last; step *= 10)
            steps.Add((int)step);
        return [.. steps];
    }
}

/// <summary>How thoroughly to measure, and with what.</summary>
internal sealed record Effort(ChildProcess Load, string Store, int Rounds, double Seconds);
