using Idempotency.Filters.Benchmarks.Compare;
using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>First requests and replays, while the store holds more and more records, or claims of other keys.</summary>
internal static class CrowdedStore
{
    private static readonly Cell Small = new(512, 16);
    private static readonly Variant[] Variants = [.. Variant.All.Where(variant => variant.Name is "bare" or "first" or "replay")];

    /// <param name="effort">How thoroughly.</param>
    /// <param name="fill">What the server is told, with an amount behind it.</param>
    /// <param name="title">What grows.</param>
    /// <param name="amounts">In ascending order.</param>
    public static async Task<Series> MeasureAsync(Effort effort, string fill, string title, int[] amounts)
    {
        await using var stand = await StartAsync(effort, StoreKind.Memory);
        var points = new List<Point>();
        foreach (var amount in amounts)
        {
            Console.Error.WriteLine($"{title}: {amount:N0}");
            var bytes = await stand.AskAsync<double>($"{fill} {amount}");
            points.Add(new(amount, [.. await RatiosAsync(effort, stand), bytes]));
        }

        return new Series(
            title, "server CPU against the bare action", ["first request", "replay", "bytes of memory for each that was added"], 2, points);
    }

    public static async Task<Stand> StartAsync(Effort effort, string store)
    {
        var stand = await Stand.StartAsync(store);
        await WarmUp.RunAsync(stand, effort.Load, Variants, Small);
        return stand;
    }

    /// <summary>Puts back what replays find, after the store was emptied.</summary>
    public static async Task PrepareAsync(Effort effort, Stand stand)
    {
        foreach (var variant in Variants)
            await WarmUp.PrepareAsync(stand, effort.Load, variant, Small);
    }

    /// <returns>Of first requests and of replays: the processor time of the server, against that of the bare action.</returns>
    public static async Task<double[]> RatiosAsync(Effort effort, Stand stand)
    {
        var slices = Variants.Select(_ => new List<Slice>()).ToArray();
        for (var round = 0; round < effort.Rounds; round++)
        {
            for (var i = 0; i < Variants.Length; i++)
            {
                // Forwards and backwards in turn.
                var which = round % 2 == 0 ? i : Variants.Length - 1 - i;
                var job = Variants[which].Job(stand.Ports, Small) with { Seconds = effort.Seconds };
                slices[which].Add(await stand.MeasureAsync(effort.Load, job));
            }
        }

        // Each round against its own bare slice: what the machine did meanwhile befell both.
        return
        [
            .. from covered in slices.Skip(1)
               select Spread.Of(covered.Zip(slices[0], (slice, bare) => slice.CpuMicroseconds / bare.CpuMicroseconds)).Median,
        ];
    }
}
