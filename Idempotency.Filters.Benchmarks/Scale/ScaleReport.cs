using System.Text;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>The tables of what grows, and their picture.</summary>
/// <param name="series">A table each.</param>
/// <param name="redis">On which Redis; null = on none.</param>
internal sealed class ScaleReport(Series[] series, string? redis)
{
    public void Write(bool intoDocuments)
    {
        var text = new StringBuilder($"Machine: {Machine.Description}\n\n{(redis is null ? "" : $"{redis}\n\n")}");
        foreach (var one in series)
            text.Append($"### {char.ToUpperInvariant(one.Title[0])}{one.Title[1..]}\n\n").Append(TableOf(one)).Append('\n');

        Console.WriteLine(text);
        if (!intoDocuments)
            return;
        Documents.ReplacePart(Documents.PerformanceData, "scale", text.ToString());
        Documents.WritePicture("scale.svg", ScalePlot.Draw(series));
    }

    private static MarkdownTable TableOf(Series series)
    {
        var note = series.Unit.Contains("CPU", StringComparison.Ordinal) ? $" ({series.Unit})" : "";
        var table = new MarkdownTable([$"{series.Title}{note}", .. series.Columns]);
        foreach (var (amount, values) in series.Points)
            table.Add([series.InBytes ? Sizes.Of(amount) : $"{amount:N0}", .. values.Select(Figure)]);
        return table;
    }

    private static string Figure(double value) => value < 100 ? $"{value:0.##}" : $"{value:N0}";
}
