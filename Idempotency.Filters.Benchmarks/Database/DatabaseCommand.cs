using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Database;

/// <summary>
/// What a transactional request costs, against the smallest bare transaction on the same PostgreSQL. All variants run in one server
/// process, in slices that take turns.
/// </summary>
internal static class DatabaseCommand
{
    private const int BodySize = 512;

    /// <summary>The names of its arguments.</summary>
    public static readonly string[] Options = ["rounds", "seconds", "connections", "durable"];

    private static readonly (string Title, string Path, int Keys, bool? Replayed)[] Variants =
    [
        ("one insert, in a transaction", DatabaseApp.BareTransaction, 0, false),
        ("one insert, by itself", DatabaseApp.Bare, 0, false),
        ("first request, lock mode", DatabaseApp.Lock, 0, false),
        ("first request, row mode", DatabaseApp.Row, 0, false),
        ("replay, lock mode", DatabaseApp.Lock, 64, true),
        ("replay, row mode", DatabaseApp.Row, 64, true),
    ];

    public static async Task RunAsync(Arguments arguments)
    {
        var (rounds, seconds) = (arguments.AtLeast("rounds", 1, 9), arguments.AtLeast("seconds", 0.05, 0.5));
        var (connections, durable) = (arguments.AtLeast("connections", 1, 16), arguments.Get("durable", false));
        await using var database = new PostgresServer
        {
            Durable = durable,
            Settings = new Dictionary<string, string> { ["shared_buffers"] = "256MB" },
        };
        await database.StartAsync();
        await using var server = ChildProcess.Start(
            program: null, Cores.Server, new Dictionary<string, string>(), DatabaseApp.Name, await database.CreateDatabaseAsync());
        await using var load = LoadCommand.Start();
        var port = await server.AskAsync<int>("port");

        // The first pass makes the records that are replayed, and lets the compiler finish.
        foreach (var (_, path, keys, _) in Variants)
            await LoadCommand.AskAsync(load, Job(path, keys, replayed: null) with { Connections = 1, Requests = Math.Max(keys, 3000) });

        var slices = Variants.Select(_ => new List<Slice>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < Variants.Length; i++)
            {
                var (_, path, keys, replayed) = Variants[i];
                slices[i].Add(await Slice.MeasureAsync(server, load, Job(path, keys, replayed) with { Seconds = seconds }));
            }
        }

        Print(slices, connections, durable);

        LoadJob Job(string path, int keys, bool? replayed) => new()
        {
            Port = port,
            Path = path,
            Status = StatusCodes.Status201Created,
            Replayed = replayed,
            BodySize = BodySize,
            Connections = connections,
            Keys = keys,
        };
    }

    private static void Print(List<Slice>[] slices, int connections, bool durable)
    {
        var table = new MarkdownTable(
            $"PostgreSQL, {connections} connections, fsync {(durable ? "on" : "off")}", "throughput, of the bare transaction", "requests/s",
            "median us", "p99 us", "server CPU us", "allocated B");
        for (var i = 0; i < slices.Length; i++)
        {
            var of = slices[i];
            table.Add(
                Variants[i].Title,
                $"{Spread.Of(of.Zip(slices[0], (slice, bare) => slice.PerSecond / bare.PerSecond))}",
                $"{Of(slice => slice.PerSecond):F0}", $"{Of(slice => slice.Median):F0}", $"{Of(slice => slice.Percentile99):F0}",
                $"{Of(slice => slice.CpuMicroseconds):F0}", $"{Of(slice => slice.Allocated):N0}");

            double Of(Func<Slice, double> value) => Spread.Of(of.Select(value)).Median;
        }

        Console.WriteLine(table);
    }
}
