using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>A panel for each series: the amount to the right, in powers, the figure upwards.</summary>
internal static class ScalePlot
{
    private const double PanelWidth = 410;
    private const double PanelHeight = 260;
    private const int Ticks = 4;

    private static readonly double[] RoundSteps = [1, 2, 4, 10];

    public static string Draw(Series[] series)
    {
        var svg = new Svg(2 * PanelWidth, (series.Length + 1) / 2 * PanelHeight);
        for (var i = 0; i < series.Length; i++)
            DrawPanel(svg, series[i], i % 2 * PanelWidth, i / 2 * PanelHeight);
        return svg.ToString();
    }

    private static void DrawPanel(Svg svg, Series series, double left, double top)
    {
        var (from, to, ceiling, floor) = (left + 62, left + PanelWidth - 24, top + 62, top + PanelHeight - 46);
        var horizontal = new LogAxis(series.Points[0].Amount, series.Points[^1].Amount, from, to, 10);
        var most = RoundUp(series.Points.Max(point => point.Values.Take(series.Plotted).Max()));
        double Vertical(double value) => floor - (value / most * (floor - ceiling));

        svg.Text(left + 12, top + 20, $"{char.ToUpperInvariant(series.Title[0])}{series.Title[1..]}", style: "title");
        svg.Text(left + 12, top + 36, series.Unit);
        for (var tick = 0; tick <= Ticks; tick++)
        {
            var value = most * tick / Ticks;
            svg.Line(from, Vertical(value), to, Vertical(value), "grid");
            svg.Text(from - 6, Vertical(value) + 4, $"{value:0.##}", "end");
        }

        foreach (var (amount, _) in series.Points)
            svg.Text(horizontal.Of(amount), floor + 16, series.InBytes ? Sizes.Of(amount) : Sizes.Count(amount), "middle");
        svg.Text((from + to) / 2, floor + 34, series.Title, "middle");
        for (var line = 0; line < series.Plotted; line++)
        {
            var points = series.Points.Select(point => (X: horizontal.Of(point.Amount), Y: Vertical(point.Values[line]))).ToArray();
            svg.Path(points, $"line{line}");
            foreach (var (x, y) in points)
                svg.Dot(x, y, $"dot{line}");
            if (series.Plotted > 1)
            {
                svg.Dot(from + (line * 165), top + 50, $"dot{line}");
                svg.Text(from + 8 + (line * 165), top + 54, series.Columns[line]);
            }
        }
    }

    /// <summary>To 1, 2 or 4 times a power of ten, so that the ticks are round.</summary>
    private static double RoundUp(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return RoundSteps.First(step => step * power >= value) * power;
    }
}
