using System.Text;

namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>A table of which the first column is text and the others are figures.</summary>
internal sealed class MarkdownTable(params string[] columns)
{
    private readonly StringBuilder _rows = new();

    public void Add(params string[] cells) => _rows.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    public override string ToString() =>
        $"| {string.Join(" | ", columns)} |\n| --- |{string.Concat(Enumerable.Repeat(" ---: |", columns.Length - 1))}\n{_rows}";
}
