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
    // A cell of so many bytes in flight takes minutes for a round.
    private const long HeavyBytes = 100_000_000;
    private const int RoundsOfHeavyCells = 2;

    private readonly Arguments _arguments;
    private readonly bool _full;
    private readonly int _rounds;
    private readonly double _seconds;
    private readonly string[] _stores;
    private readonly Cell[] _cells;
    private readonly Variant[] _variants;
    private readonly Comparison _comparison = new();

    private CompareCommand(Arguments arguments)
    {
        _arguments = arguments;
        _full = arguments.Has("full");
        _rounds = arguments.Get("rounds", _full ? 5 : 3);
        _seconds = arguments.Get("seconds", _full ? 0.4 : 0.2);
        _stores = arguments.List("stores", [.. StoreKind.All.Keys]);
        _cells = Cells(arguments.List("sizes", [512, 20_000, 1_000_000]), arguments.List("connections", [1, 16, 256]), _full);
        var names = arguments.List<string>("variants", []);
        _variants =
        [
            .. Variant.All.Where(variant => names.Length == 0 || names.Contains(variant.Name)
                || Variant.All.Any(other => names.Contains(other.Name) && other.Baseline == variant.Name)),
        ];
    }

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var command = new CompareCommand(arguments);
        if (!RedisServer.IsInstalled && command._stores.Any(store => StoreKind.All[store].NeedsRedis))
        {
            Console.Error.WriteLine(RedisServer.HowToInstall);
            return 1;
        }

        await command.RunAsync();
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
        var redis = "";
        try
        {
            foreach (var store in _stores)
                stands.Add(await Stand.StartAsync(store));
            foreach (var stand in stands.Where(stand => stand.Redis is not null))
                redis = $"{await Machine.RedisAsync(stand.Redis!)}\n\n";
            if (stands.Find(stand => stand.Store == StoreKind.Memory) is { } memory)
                _comparison.RecordBytes = await memory.AskAsync<double>("fill 20000");
            var (warmUps, sizes) = (_full ? WarmUp.MostPasses : WarmUp.FewPasses, _cells.DistinctBy(cell => cell.Size).ToArray());
            foreach (var stand in stands)
                await WarmUp.RunAsync(stand, load, _variants, warmUps, sizes);
            for (var round = 0; round < _rounds; round++)
                await RunRoundAsync(stands, load, round);
            if (stands.Find(stand => stand.Store == StoreKind.Redis) is { } holder)
                _comparison.WakeUpMilliseconds = await WakeUp.MeasureAsync(holder);
        }
        finally
        {
            foreach (var stand in stands)
                await stand.DisposeAsync();
        }

        var effort = $"{redis}{_rounds} rounds of {_seconds} s"
            + (_cells.Any(cell => RoundsOf(cell) < _rounds) ? $", {RoundsOfHeavyCells} of the largest cell" : "");
        new CompareReport(_comparison, _stores, _cells, _variants, effort).Write(_arguments.Get("write", true));
    }

    private int RoundsOf(Cell cell) => (long)cell.Size * cell.Connections > HeavyBytes ? Math.Min(_rounds, RoundsOfHeavyCells) : _rounds;

    private async Task RunRoundAsync(List<Stand> stands, ChildProcess load, int round)
    {
        Console.Error.WriteLine($"round {round + 1} of {_rounds}");
        foreach (var (stand, cell) in from stand in stands from cell in _cells where round < RoundsOf(cell) select (stand, cell))
        {
            Variant[] variants = [.. _variants.Where(variant => variant.Suits(stand.Store))];
            // Each round begins elsewhere, so that none always follows the same one.
            for (var i = 0; i < variants.Length; i++)
            {
                var variant = variants[(i + round) % variants.Length];
                var job = variant.Job(stand.Ports, cell) with { Seconds = _seconds };
                _comparison.Add(stand.Store, cell, variant, await stand.MeasureAsync(load, job));
            }
        }

        var sizes = _cells.Select(cell => cell.Size).Distinct();
        foreach (var ((name, floor), size) in from floor in Floor.All from size in sizes select (floor, size))
        {
            if (stands.Find(stand => !floor.NeedsRedis || stand.Redis is not null) is { } able)
                _comparison.AddFloor(name, size, await able.AskAsync<double>($"floor {name} {size}"));
        }
    }
}
