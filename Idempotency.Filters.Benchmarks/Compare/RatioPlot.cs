using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Compare;

/// <summary>Throughput against bare: a row for each variant, a panel for each cell, a colour for each store.</summary>
internal static class RatioPlot
{
    private const double Left = 230;
    private const double Width = 820;
    private const double Right = Width - 20;
    private const double RowHeight = 20;
    private const double PanelHead = 34;

    public static string Draw(Comparison comparison, string[] stores, Cell[] cells, Variant[] variants)
    {
        variants = [.. variants.Where(variant => !variant.IsBare)];
        Spread Ratio(string store, Cell cell, Variant variant) => comparison.Ratio(store, cell, variant, slice => slice.PerSecond);

        Spread[] all =
        [
            .. from store in stores
               from cell in cells
               from variant in variants
               where variant.Suits(store)
               select Ratio(store, cell, variant),
        ];
        var axis = new LogAxis(Math.Min(0.5, all.Min(ratio => ratio.Least)), Math.Max(2, all.Max(ratio => ratio.Most)), Left, Right);
        var panel = PanelHead + (variants.Length * RowHeight) + 8;
        var bottom = 36 + (cells.Length * panel);

        var svg = new Svg(Width, bottom + 44);
        svg.Text(10, 20, "Throughput against the bare action or endpoint: median of the rounds, least to most", style: "title");
        Legend(svg, stores);
        foreach (var ratio in axis.Powers)
        {
            svg.Line(axis.Of(ratio), 40, axis.Of(ratio), bottom, ratio == 1 ? "one" : "grid");
            svg.Text(axis.Of(ratio), bottom + 16, $"{ratio}", "middle");
        }

        svg.Text((Left + Right) / 2, bottom + 34, "ratio of requests per second (1 = as fast as bare; right = faster)", "middle");
        for (var i = 0; i < cells.Length; i++)
        {
            var top = 36 + (i * panel);
            var plural = cells[i].Connections == 1 ? "" : "s";
            svg.Text(10, top + 22, $"{Sizes.Of(cells[i].Size)}, {cells[i].Connections} connection{plural}", style: "title");
            for (var row = 0; row < variants.Length; row++)
            {
                var y = top + PanelHead + (row * RowHeight) + (RowHeight / 2);
                svg.Text(Left - 10, y + 4, variants[row].Title, "end");
                foreach (var store in Enumerable.Range(0, stores.Length).Where(store => variants[row].Suits(stores[store])))
                {
                    var offset = (store - ((stores.Length - 1) / 2.0)) * 5;
                    DrawSpread(svg, axis, Ratio(stores[store], cells[i], variants[row]), y + offset, store);
                }
            }
        }

        return svg.ToString();
    }

    private static void DrawSpread(Svg svg, LogAxis axis, Spread ratio, double y, int colour)
    {
        svg.Line(axis.Of(ratio.Least), y, axis.Of(ratio.Most), y, $"line{colour}");
        svg.Dot(axis.Of(ratio.Median), y, $"dot{colour}");
    }

    private static void Legend(Svg svg, string[] stores)
    {
        for (var i = 0; i < stores.Length; i++)
        {
            svg.Dot(Left + (i * 150), 34, $"dot{i}");
            svg.Text(Left + 8 + (i * 150), 38, stores[i]);
        }
    }
}
