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
    /// <summary>The names of its arguments.</summary>
    public static readonly string[] Options = ["full", "rounds", "seconds", "stores", "sizes", "connections", "variants", "write"];

    // A cell of so many bytes in flight takes minutes for a round.
    private const long HeavyBytes = 100_000_000;
    private const int RoundsOfHeavyCells = 2;

    private readonly bool _write;
    private readonly bool _full;
    private readonly int _rounds;
    private readonly double _seconds;
    private readonly string[] _stores;
    private readonly Cell[] _cells;
    private readonly Variant[] _variants;
    private readonly Comparison _comparison = new();
    private readonly Random _order = new(Seed: 1);

    private CompareCommand(Arguments arguments)
    {
        _full = arguments.Get("full", false);
        _rounds = arguments.AtLeast("rounds", 1, _full ? 5 : 3);
        _seconds = arguments.AtLeast("seconds", 0.01, _full ? 0.4 : 0.2);
        _stores = arguments.Choices("stores", StoreKind.Names, StoreKind.Names);
        _cells = Cells(
            arguments.BodySizes("sizes", 512, 20_000, 1_000_000),
            arguments.ListAtLeast("connections", 1, [1, 16, 256]),
            _full);
        var names = arguments.Choices("variants", Variant.Names);
        _variants =
        [
            .. Variant.All.Where(variant => names.Length == 0 || names.Contains(variant.Name)
                || Variant.All.Any(other => names.Contains(other.Name) && other.Baseline == variant.Name)),
        ];
        _write = Documents.WillBeWritten(arguments, partial: arguments.Has("stores", "sizes", "connections", "variants"));
    }

    public static Task RunAsync(Arguments arguments)
    {
        var command = new CompareCommand(arguments);
        if (command._stores.Any(store => StoreKind.All[store].NeedsRedis))
            RedisServer.Require();
        return command.RunAsync();
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
            var overRedis = stands.Find(stand => stand.Redis is not null);
            if (overRedis is not null)
                redis = $"{await Machine.RedisAsync(overRedis.Redis!)}\n\n";
            Cell[] cellOfEachSize = [.. _cells.DistinctBy(cell => cell.Size)];
            foreach (var stand in stands)
                await WarmUp.RunAsync(stand, load, _variants, cellOfEachSize);
            for (var round = 0; round < _rounds; round++)
                await RunRoundAsync(stands, load, round);
            if (overRedis is not null)
                _comparison.WakeUpMilliseconds = await WakeUp.MeasureAsync(overRedis);
        }
        finally
        {
            foreach (var stand in stands)
                await stand.DisposeAsync();
        }

        var effort = $"{redis}{_rounds} rounds of {_seconds} s"
            + (_cells.Any(cell => RoundsOf(cell) < _rounds) ? $", {RoundsOfHeavyCells} of the largest cell" : "");
        new CompareReport(_comparison, _stores, _cells, _variants, effort).Write(_write);
    }

    private int RoundsOf(Cell cell) => (long)cell.Size * cell.Connections > HeavyBytes ? Math.Min(_rounds, RoundsOfHeavyCells) : _rounds;

    private async Task RunRoundAsync(List<Stand> stands, ChildProcess load, int round)
    {
        Console.Error.WriteLine($"round {round + 1} of {_rounds}");
        foreach (var (stand, cell) in from stand in stands from cell in _cells where round < RoundsOf(cell) select (stand, cell))
        {
            // In another order each time: what one slice leaves behind falls on each of the others.
            Variant[] variants = [.. _variants.Where(variant => variant.Suits(stand.Store))];
            _order.Shuffle(variants);
            foreach (var variant in variants)
            {
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
