using System.Text;
using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Compare;

/// <summary>The tables of a comparison, and its picture.</summary>
internal sealed class CompareReport(Comparison comparison, string[] stores, Cell[] cells, Variant[] variants, string effort)
{
    // Of fewer requests in a slice the 99th percentile is the slowest one.
    private const int LeastForPercentiles = 100;

    public void Write(bool intoDocuments)
    {
        var head = $"Machine: {Machine.Description}\n\n{effort}; every ratio is the median of the rounds (least..most).\n\n";
        var budgets = head + string.Join('\n', BudgetTable.All(comparison, stores, cells, variants));
        var tables = new StringBuilder(head);
        foreach (var store in stores)
            tables.Append($"### Store: {StoreKind.All[store].Title}\n\n").Append(TableOf(store)).Append('\n');
        tables.Append("### Floors\n\n").Append(FloorTable());

        Console.WriteLine(budgets);
        Console.WriteLine(tables);
        if (!intoDocuments)
            return;
        Documents.ReplacePart(Documents.Performance, "budgets", budgets);
        Documents.ReplacePart(Documents.PerformanceData, "compare", tables.ToString());
        Documents.WritePicture("performance.svg", RatioPlot.Draw(comparison, stores, cells, variants));
    }

    private MarkdownTable TableOf(string store)
    {
        var table = new MarkdownTable(
            "what", "body", "connections", "throughput against bare", "server CPU against bare",
            "requests/s", "CPU us", "median us", "p99 us", "allocated B", "added B");
        foreach (var (cell, variant) in from cell in cells from variant in variants where variant.Suits(store) select (cell, variant))
        {
            table.Add(
                variant.Title,
                Sizes.Of(cell.Size),
                $"{cell.Connections}",
                variant.IsBare ? "1" : $"{comparison.Ratio(store, cell, variant, slice => slice.PerSecond)}",
                variant.IsBare ? "1" : $"{comparison.Ratio(store, cell, variant, slice => slice.CpuMicroseconds)}",
                $"{comparison.Of(store, cell, variant.Name, slice => slice.PerSecond).Median:N0}",
                $"{comparison.Of(store, cell, variant.Name, slice => slice.CpuMicroseconds).Median:N0}",
                $"{comparison.Of(store, cell, variant.Name, slice => slice.Median).Median:N0}",
                comparison.Of(store, cell, variant.Name, slice => slice.Requests).Median >= LeastForPercentiles
                    ? $"{comparison.Of(store, cell, variant.Name, slice => slice.Percentile99).Median:N0}"
                    : "",
                $"{comparison.Of(store, cell, variant.Name, slice => slice.Allocated).Median:N0}",
                variant.IsBare ? "" : $"{comparison.Added(store, cell, variant, slice => slice.Allocated):N0}");
        }

        return table;
    }

    private MarkdownTable FloorTable()
    {
        var table = new MarkdownTable("what", "body", "us");
        var sizes = cells.Select(cell => cell.Size).Distinct();
        foreach (var ((name, floor), size) in from floor in Floor.All from size in sizes select (floor, size))
        {
            if (comparison.Floor(name, size) is { } measured)
                table.Add(floor.Title, Sizes.Of(size), $"{measured.Median:N1}");
        }

        return table;
    }
}
