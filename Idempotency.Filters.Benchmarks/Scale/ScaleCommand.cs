using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Planning;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>Whether the cost stays what it is when there is more of something: records, keys in flight, waiters, bytes.</summary>
internal static class ScaleCommand
{
    /// <summary>The names of its arguments.</summary>
    public static readonly string[] Options = ["full", "rounds", "seconds", "records", "keys", "waiters", "body", "redis", "write"];

    public static async Task RunAsync(Arguments arguments)
    {
        var withRedis = arguments.Get("redis", true);
        if (withRedis)
            RedisServer.Require();

        var full = arguments.Get("full", false);
        var rounds = arguments.AtLeast("rounds", 1, full ? 5 : 3);
        var seconds = arguments.AtLeast("seconds", 0.01, full ? 0.5 : 0.2);
        var records = Upto(arguments.AtLeast("records", 1_000, full ? 1_000_000 : 100_000), 1_000);
        var keys = Upto(arguments.AtLeast("keys", 1_000, full ? 100_000 : 10_000), 1_000);
        var waiters = Upto(arguments.AtLeast("waiters", 1, full ? 10_000 : 1_000), 1);
        var body = arguments.AtLeast("body", Uploads.BodySizes[0], full ? 1_000_000_000 : 100_000_000);
        var write = Documents.WillBeWritten(arguments, partial: arguments.Has("records", "keys", "waiters", "body", "redis"));

        await using var load = LoadCommand.Start();
        var effort = new Effort(load, rounds, seconds);

        List<Series> series = [await CrowdedStore.MeasureAsync(effort, "fill", "live records", records)];
        RedisCostTable? costs = null;
        if (withRedis)
        {
            (var crowded, costs) = await CrowdedRedis.MeasureAsync(effort, records);
            series.Add(crowded);
        }

        series.Add(await CrowdedStore.MeasureAsync(effort, "hold crowd", "keys in flight", keys));
        series.Add(await Waiters.MeasureAsync(effort, waiters));
        series.Add(await Uploads.MeasureAsync(effort, [.. Uploads.BodySizes.Where(size => size <= body)]));
        Write(new ScaleReport([.. series], costs?.Redis), costs, write);
    }

    private static void Write(ScaleReport report, RedisCostTable? costs, bool intoDocuments)
    {
        report.Write(intoDocuments);
        if (costs is null)
            return;

        var page = new DeploymentPage(costs.Answers);
        Write(Documents.Deployment, page.Parts);
        Write(Documents.DeploymentData, page.DataParts($"{Machine.Description}\n\n{costs.Redis}"));

        void Write(string document, IEnumerable<(string Part, string Text)> parts)
        {
            foreach (var (part, text) in parts)
            {
                Console.WriteLine(text);
                if (intoDocuments)
                    Documents.ReplacePart(document, part, text);
            }
        }
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
/// <param name="Load">The load generator.</param>
/// <param name="Rounds">How often.</param>
/// <param name="Seconds">How long each time.</param>
internal sealed record Effort(ChildProcess Load, int Rounds, double Seconds);

/// <param name="Redis">On which server and client.</param>
/// <param name="Answers">For each size of answer, what it costs.</param>
internal sealed record RedisCostTable(string Redis, AnswerCost[] Answers);
