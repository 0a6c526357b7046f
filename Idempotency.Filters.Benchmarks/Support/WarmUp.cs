using Idempotency.Filters.Benchmarks.Compare;
using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Server;

namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>
/// Makes the records that are replayed and the claims that are met in flight, and lets a server run until it compiles no more: until then
/// every figure would be that of the compiler.
/// </summary>
internal static class WarmUp
{
    private const int MostPasses = 40;
    private const int QuietPasses = 3;
    private const int QuietMethods = 8;

    /// <param name="stand">The server.</param>
    /// <param name="load">The load generator.</param>
    /// <param name="variants">What it will be asked; those that its store does not suit are left out.</param>
    /// <param name="cells">The sizes for which it will be asked.</param>
    public static async Task RunAsync(Stand stand, ChildProcess load, Variant[] variants, params Cell[] cells)
    {
        variants = [.. variants.Where(variant => variant.Suits(stand.Store))];
        foreach (var (cell, variant) in from cell in cells from variant in variants select (cell, variant))
            await PrepareAsync(stand, load, variant, cell);

        var (compiled, quiet) = (0L, 0);
        for (var pass = 0; quiet < QuietPasses; pass++)
        {
            if (pass == MostPasses)
            {
                Console.Error.WriteLine(
                    $"{stand.Store}: the compiler is still at work after {MostPasses} passes; its time is in the figures.");
                break;
            }

            // A few connections do for large bodies, which take long.
            var cell = cells[pass % cells.Length] with { Connections = pass % cells.Length == 0 ? 16 : 2 };
            foreach (var variant in variants)
                await LoadCommand.AskAsync(load, variant.Job(stand.Ports, cell) with { Seconds = 0.3 });
            var now = (await stand.AskAsync<Sample>("sample")).CompiledMethods;
            quiet = now - compiled < QuietMethods ? quiet + 1 : 0;
            compiled = now;
        }
    }

    /// <summary>Makes what this variant needs to find: also once more, after the store was emptied.</summary>
    public static async Task PrepareAsync(Stand stand, ChildProcess load, Variant variant, Cell cell)
    {
        var job = variant.Job(stand.Ports, cell) with { Connections = 1 };
        if (variant.IsRejection)
            await stand.AskAsync<double>($"hold {RequestTemplate.RecurringName(variant.Path, cell.Size)} 1");
        else
            await LoadCommand.AskAsync(load, job with { Requests = Math.Max(job.Keys, 4), Replayed = null });
    }
}
