using System.Globalization;
using System.Net;
using System.Text;

namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>A picture of lines, dots and words, readable on a light page and on a dark one.</summary>
internal sealed class Svg(double width, double height)
{
    private readonly StringBuilder _elements = new();

    public void Line(double x1, double y1, double x2, double y2, string style) =>
        Add($"""<line class="{style}" x1="{x1:F1}" y1="{y1:F1}" x2="{x2:F1}" y2="{y2:F1}"/>""");

    public void Path(IEnumerable<(double X, double Y)> points, string style)
    {
        var pairs = points.Select(point => Invariant($"{point.X:F1},{point.Y:F1}"));
        Add($"""<polyline class="{style}" points="{string.Join(' ', pairs)}"/>""");
    }

    public void Dot(double x, double y, string style) => Add($"""<circle class="{style}" cx="{x:F1}" cy="{y:F1}" r="3.5"/>""");

    /// <param name="x">Where the anchor stands.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">The words.</param>
    /// <param name="anchor">start, middle or end.</param>
    /// <param name="style">A class.</param>
    public void Text(double x, double y, string text, string anchor = "start", string style = "label") =>
        Add($"""<text class="{style}" x="{x:F1}" y="{y:F1}" text-anchor="{anchor}">{WebUtility.HtmlEncode(text)}</text>""");

    public override string ToString() =>
        $$"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="{{Invariant($"0 0 {width:F0} {height:F0}")}}"
          font-family="system-ui, sans-serif" font-size="12">
        <style>
        .label { fill: #57606a } .title { fill: #1f2328; font-weight: 600 }
        .grid { stroke: #d8dee4; stroke-width: 1 } .one { stroke: #57606a; stroke-width: 1.5 }
        .line0, .line1, .line2 { fill: none; stroke-width: 2 }
        .line0 { stroke: #0969da } .line1 { stroke: #bc4c00 } .line2 { stroke: #1a7f37 }
        .dot0 { fill: #0969da } .dot1 { fill: #bc4c00 } .dot2 { fill: #1a7f37 }
        @media (prefers-color-scheme: dark) {
        .label { fill: #9198a1 } .title { fill: #f0f6fc } .grid { stroke: #3d444d } .one { stroke: #9198a1 }
        .line0 { stroke: #4493f8 } .line1 { stroke: #f0883e } .line2 { stroke: #3fb950 }
        .dot0 { fill: #4493f8 } .dot1 { fill: #f0883e } .dot2 { fill: #3fb950 }
        }
        </style>
        {{_elements}}</svg>

        """;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Add(FormattableString element) => _elements.Append(Invariant(element)).Append('\n');
}
