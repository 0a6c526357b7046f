namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>The middle of what several rounds gave, and how far they lie apart.</summary>
internal readonly record struct Spread(double Median, double Least, double Most)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new(median, sorted[0], sorted[^1]);
    }

    public override string ToString() => $"{Median:F2} ({Least:F2}..{Most:F2})";
}
