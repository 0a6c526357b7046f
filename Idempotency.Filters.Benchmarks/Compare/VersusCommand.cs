using System.Text.Json;
using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Compare;

/// <summary>
/// Two builds against each other: what a change of the library gains. Each has a server process, and a Redis where the store needs one;
/// their slices take turns.
/// </summary>
internal sealed class VersusCommand(ChildProcess load, Stand before, Stand after, Cell cell, int rounds, double seconds)
{
    /// <summary>The names of its arguments.</summary>
    public static readonly string[] Options = ["store", "rounds", "seconds", "size", "connections", "variants"];

    /// <param name="other">The .dll of this program in the build before the change.</param>
    /// <param name="arguments">What to measure, and how long.</param>
    public static async Task RunAsync(string other, Arguments arguments)
    {
        if (!File.Exists(other))
            throw new UsageException($"There is no '{other}': name the Idempotency.Filters.Benchmarks.dll of the build to compare with.");
        var store = arguments.Choice("store", StoreKind.Names, StoreKind.Memory);
        if (StoreKind.All[store].NeedsRedis)
            RedisServer.Require();

        var (rounds, seconds) = (arguments.AtLeast("rounds", 1, 40), arguments.AtLeast("seconds", 0.01, 0.2));
        var cell = new Cell(arguments.BodySize("size", 512), arguments.AtLeast("connections", 1, 16));
        var suitable = Variant.All.Where(variant => variant.Suits(store)).ToArray();
        var names = arguments.Choices("variants", suitable.Select(variant => variant.Name), "first", "replay");
        Variant[] variants = [.. suitable.Where(variant => names.Contains(variant.Name))];

        // Both in the same way: a .dll, which the runtime is given.
        await using var load = LoadCommand.Start();
        await using var before = await StartOtherAsync(store, other);
        await using var after = await Stand.StartAsync(store, typeof(VersusCommand).Assembly.Location);
        foreach (var stand in new[] { before, after })
            await WarmUp.RunAsync(stand, load, variants, cell);

        var versus = new VersusCommand(load, before, after, cell, rounds, seconds);
        var table = new MarkdownTable(
            $"{store}, {Sizes.Of(cell.Size)}, {cell.Connections} connections",
            "server CPU us, before", "after", "ratio", "throughput, ratio", "allocated B, before", "after");
        foreach (var variant in variants)
            table.Add([variant.Title, .. Columns(await versus.MeasureAsync(variant))]);
        Console.WriteLine(table);
    }

    private static async Task<Stand> StartOtherAsync(string store, string other)
    {
        try
        {
            return await Stand.StartAsync(store, other).WaitAsync(TimeSpan.FromMinutes(1));
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or JsonException or TimeoutException)
        {
            throw new UsageException($"'{other}' does not answer as a build of this program does: {exception.Message}");
        }
    }

    private async Task<(Slice Before, Slice After)[]> MeasureAsync(Variant variant)
    {
        Console.Error.WriteLine($"{variant.Title}: {rounds} rounds");
        var slices = new Dictionary<Stand, List<Slice>> { [before] = [], [after] = [] };
        for (var round = 0; round < rounds; round++)
        {
            // Each goes first as often as the other.
            foreach (var stand in round % 2 == 0 ? new[] { before, after } : [after, before])
                slices[stand].Add(await stand.MeasureAsync(load, variant.Job(stand.Ports, cell) with { Seconds = seconds }));
        }

        return [.. slices[before].Zip(slices[after])];
    }

    private static string[] Columns((Slice Before, Slice After)[] pairs)
    {
        return
        [
            $"{Of(pair => pair.Before.CpuMicroseconds).Median:F1}",
            $"{Of(pair => pair.After.CpuMicroseconds).Median:F1}",
            $"{Of(pair => pair.After.CpuMicroseconds / pair.Before.CpuMicroseconds)}",
            $"{Of(pair => pair.After.PerSecond / pair.Before.PerSecond)}",
            $"{Of(pair => pair.Before.Allocated).Median:N0}",
            $"{Of(pair => pair.After.Allocated).Median:N0}",
        ];

        Spread Of(Func<(Slice Before, Slice After), double> value) => Spread.Of(pairs.Select(value));
    }
}
