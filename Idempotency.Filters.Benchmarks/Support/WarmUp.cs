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
    private const int MostPasses = 60;
    private const int QuietPasses = 3;
    private const int QuietMethods = 8;

    public static async Task RunAsync(Stand stand, ChildProcess load, Variant[] variants, params Cell[] cells)
    {
        foreach (var (cell, variant) in from cell in cells from variant in variants select (cell, variant))
            await PrepareAsync(stand, load, variant, cell);

        var (compiled, quiet) = (0L, 0);
        for (var pass = 0; pass < MostPasses && quiet < QuietPasses; pass++)
        {
            foreach (var variant in variants)
                await LoadCommand.AskAsync(load, variant.Job(stand.Ports, cells[0]) with { Connections = 16, Seconds = 0.3 });
            var now = (await stand.AskAsync<Sample>("sample")).CompiledMethods;
            quiet = now - compiled < QuietMethods ? quiet + 1 : 0;
            compiled = now;
        }
    }

    private static async Task PrepareAsync(Stand stand, ChildProcess load, Variant variant, Cell cell)
    {
        var job = variant.Job(stand.Ports, cell) with { Connections = 1 };
        if (variant.IsRejection)
            await stand.AskAsync<double>($"hold {RequestTemplate.RecurringName(variant.Path, cell.Size)} 1");
        else
            await LoadCommand.AskAsync(load, job with { Requests = Math.Max(variant.Keys, 4) });
    }
}
