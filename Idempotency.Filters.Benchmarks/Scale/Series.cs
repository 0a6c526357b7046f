namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>One thing that there is more and more of, and what that does to each measured figure.</summary>
/// <param name="Title">What grows.</param>
/// <param name="Unit">What the plotted figures are in.</param>
/// <param name="Columns">The names of the figures; the plot shows the first <paramref name="Plotted"/> of them.</param>
/// <param name="Plotted">How many of the figures the plot shows.</param>
/// <param name="Points">The figures, for each amount.</param>
internal sealed record Series(string Title, string Unit, string[] Columns, int Plotted, IReadOnlyList<Point> Points)
{
    /// <summary>Whether the amounts are bytes.</summary>
    public bool InBytes { get; init; }
}

/// <param name="Amount">How much there is.</param>
/// <param name="Values">A figure for each column.</param>
internal sealed record Point(long Amount, double[] Values);
