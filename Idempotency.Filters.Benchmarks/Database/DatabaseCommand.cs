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
    public static readonly string[] Options = ["rounds", "seconds", "connections", "durable", "prepared", "variants"];

    // The first is what the others are compared with.
    private static readonly Variant[] All =
    [
        new("transaction", "one insert, in a transaction", DatabaseApp.BareTransaction, 0, false),
        new("insert", "one insert, by itself", DatabaseApp.Bare, 0, false),
        new("lock", "first request, lock mode", DatabaseApp.Lock, 0, false),
        new("row", "first request, row mode", DatabaseApp.Row, 0, false),
        new("lock-replay", "replay, lock mode", DatabaseApp.Lock, 64, true),
        new("row-replay", "replay, row mode", DatabaseApp.Row, 64, true),
    ];

    // On a machine of two cores, which the load keeps busy, the compiler would come to its best code after a minute or more.
    private static readonly Dictionary<string, string> FullyCompiled =
        new() { ["DOTNET_TieredCompilation"] = "0", ["DOTNET_ReadyToRun"] = "0" };

    public static async Task RunAsync(Arguments arguments)
    {
        var (rounds, seconds) = (arguments.AtLeast("rounds", 1, 9), arguments.AtLeast("seconds", 0.05, 0.5));
        var connections = arguments.AtLeast("connections", 1, 16);
        var (durable, prepared) = (arguments.Get("durable", false), arguments.Get("prepared", false));
        var names = All.Select(variant => variant.Name).ToArray();
        var variants = arguments.Choices("variants", names, names).Select(name => All.First(variant => variant.Name == name)).ToList();
        await using var database = new PostgresServer
        {
            Durable = durable,
            Settings = new Dictionary<string, string> { ["shared_buffers"] = "256MB" },
        };
        await database.StartAsync();
        await using var server = ChildProcess.Start(
            program: null, Cores.Server, FullyCompiled, DatabaseApp.Name,
            $"{await database.CreateDatabaseAsync()};Max Auto Prepare={(prepared ? 50 : 0)}");
        await using var load = LoadCommand.Start();
        var port = await server.AskAsync<int>("port");

        // The first pass makes the records that are replayed, and all code.
        foreach (var (_, _, path, keys, _) in variants)
            await LoadCommand.AskAsync(load, Job(path, keys, replayed: null) with { Connections = 1, Requests = Math.Max(keys, 200) });
        foreach (var (_, _, path, keys, _) in variants)
            await LoadCommand.AskAsync(load, Job(path, keys, replayed: null) with { Seconds = seconds });

        var slices = variants.Select(_ => new List<Slice>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < variants.Count; i++)
            {
                var (_, _, path, keys, replayed) = variants[i];
                slices[i].Add(await Slice.MeasureAsync(server, load, Job(path, keys, replayed) with { Seconds = seconds }));
            }
        }

        Print(variants, slices, $"{connections} connections, fsync {OnOff(durable)}, prepared statements {OnOff(prepared)}");

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

    private static string OnOff(bool isOn) => isOn ? "on" : "off";

    private static void Print(List<Variant> variants, List<Slice>[] slices, string settings)
    {
        var table = new MarkdownTable(
            $"PostgreSQL, {settings}", "throughput, of the first row", "requests/s",
            "median us", "p99 us", "server CPU us", "allocated B");
        for (var i = 0; i < slices.Length; i++)
        {
            var of = slices[i];
            table.Add(
                variants[i].Title,
                $"{Spread.Of(of.Zip(slices[0], (slice, bare) => slice.PerSecond / bare.PerSecond))}",
                $"{Of(slice => slice.PerSecond):F0}", $"{Of(slice => slice.Median):F0}", $"{Of(slice => slice.Percentile99):F0}",
                $"{Of(slice => slice.CpuMicroseconds):F0}", $"{Of(slice => slice.Allocated):N0}");

            double Of(Func<Slice, double> value) => Spread.Of(of.Select(value)).Median;
        }

        Console.WriteLine(table);
    }

    /// <param name="Name">Its name as an argument.</param>
    /// <param name="Title">Its title in the table.</param>
    /// <param name="Path">What is asked.</param>
    /// <param name="Keys">How many keys take turns; 0 = a new one for each request.</param>
    /// <param name="Replayed">Whether each answer must be a replay.</param>
    private sealed record Variant(string Name, string Title, string Path, int Keys, bool? Replayed);
}
