using Idempotency.Filters.Benchmarks.Compare;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>First requests and replays, while the store holds more and more records, or claims of other keys.</summary>
internal static class CrowdedStore
{
    private static readonly Cell Small = new(512, 16);

    /// <param name="effort">How thoroughly.</param>
    /// <param name="fill">What the server is told, with an amount behind it.</param>
    /// <param name="title">What grows.</param>
    /// <param name="amounts">In ascending order.</param>
    public static async Task<Series> MeasureAsync(Effort effort, string fill, string title, int[] amounts)
    {
        Variant[] variants = [.. Variant.All.Where(variant => variant.Name is "bare" or "first" or "replay")];
        await using var stand = await Stand.StartAsync(effort.Store);
        await WarmUp.RunAsync(stand, effort.Load, variants, Small);

        var points = new List<Point>();
        foreach (var amount in amounts)
        {
            Console.Error.WriteLine($"{title}: {amount:N0}");
            var bytes = await stand.AskAsync<double>($"{fill} {amount}");
            var slices = variants.Select(_ => new List<Slice>()).ToArray();
            for (var round = 0; round < effort.Rounds; round++)
            {
                foreach (var (variant, results) in variants.Zip(slices))
                    results.Add(await stand.MeasureAsync(effort.Load, variant.Job(stand.Ports, Small) with { Seconds = effort.Seconds }));
            }

            // Each round against its own bare slice: what the machine did meanwhile befell both.
            double Ratio(int variant) => Spread.Of(slices[variant].Zip(slices[0], (slice, bare) => slice.CpuMicroseconds / bare.CpuMicroseconds)).Median;
            points.Add(new(amount, [Ratio(1), Ratio(2), bytes]));
        }

        return new Series(
            title, "server CPU against the bare action", ["first request", "replay", "bytes of memory for each that was added"], 2, points);
    }
}
