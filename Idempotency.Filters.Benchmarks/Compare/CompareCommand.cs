using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Compare;

/// <summary>
/// Loads real Kestrel, and compares. The slices of all variants follow each other in every round, so that what the machine does besides
/// befalls them alike; only ratios within a round are trusted.
/// </summary>
internal sealed class CompareCommand
{
    private readonly Arguments _arguments;
    private readonly int _rounds;
    private readonly double _seconds;
    private readonly Cell[] _cells;
    private readonly Variant[] _variants;
    private readonly Comparison _comparison = new();

    private CompareCommand(Arguments arguments)
    {
        _arguments = arguments;
        var full = arguments.Has("full");
        _rounds = arguments.Get("rounds", full ? 11 : 7);
        _seconds = arguments.Get("seconds", full ? 1.0 : 0.5);
        _cells = Cells(arguments.List("sizes", [512, 20_000, 1_000_000]), arguments.List("connections", [1, 16, 256]), full);
        var names = arguments.List<string>("variants", []);
        _variants =
        [
            .. Variant.All.Where(variant => names.Length == 0 || names.Contains(variant.Name)
                || Variant.All.Any(other => names.Contains(other.Name) && other.Baseline == variant.Name)),
        ];
    }

    public static async Task<int> RunAsync(Arguments arguments)
    {
        await new CompareCommand(arguments).RunAsync();
        return 0;
    }

    // A cross through the table, unless all of it is wanted: every size at the middle number of connections, and the reverse.
    private static Cell[] Cells(int[] sizes, int[] connections, bool full)
    {
        var middle = connections[connections.Length / 2];
        return
        [
            .. from size in sizes
               from count in connections
               where full || size == sizes[0] || count == middle
               select new Cell(size, count),
        ];
    }

    private async Task RunAsync()
    {
        await using var load = LoadCommand.Start();
        var stands = new List<Stand>();
        try
        {
            foreach (var store in _arguments.List("stores", [.. StoreKinds.All.Keys]))
                stands.Add(await Stand.StartAsync(store));
            _comparison.RecordBytes = await stands[0].AskAsync<double>("fill 20000");
            foreach (var stand in stands)
                await WarmUp.RunAsync(stand, load, _variants, [.. _cells.DistinctBy(cell => cell.Size)]);
            for (var round = 0; round < _rounds; round++)
                await RunRoundAsync(stands, load, round);
        }
        finally
        {
            foreach (var stand in stands)
                await stand.DisposeAsync();
        }

        new CompareReport(_comparison, [.. stands.Select(stand => stand.Store)], _cells, _variants, $"{_rounds} rounds of {_seconds} s").Write(
            _arguments.Get("write", true));
    }

    private async Task RunRoundAsync(List<Stand> stands, ChildProcess load, int round)
    {
        Console.Error.WriteLine($"round {round + 1} of {_rounds}");
        foreach (var (stand, cell) in from stand in stands from cell in _cells select (stand, cell))
        {
            // Each round begins elsewhere, so that none always follows the same one.
            for (var i = 0; i < _variants.Length; i++)
            {
                var variant = _variants[(i + round) % _variants.Length];
                var job = variant.Job(stand.Ports, cell) with { Seconds = _seconds };
                _comparison.Add(stand.Store, cell, variant, await stand.MeasureAsync(load, job));
            }
        }

        foreach (var (floor, size) in from floor in Floor.All.Keys from size in _cells.Select(cell => cell.Size).Distinct() select (floor, size))
            _comparison.AddFloor(floor, size, await stands[0].AskAsync<double>($"floor {floor} {size}"));
    }
}
