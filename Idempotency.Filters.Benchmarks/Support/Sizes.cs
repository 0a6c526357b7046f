namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>Amounts as people read them.</summary>
internal static class Sizes
{
    public static string Of(long bytes) => bytes switch
    {
        >= 1_000_000_000_000 => $"{bytes / 1e12:0.#} TB",
        >= 1_000_000_000 => $"{bytes / 1e9:0.#} GB",
        >= 1_000_000 => $"{bytes / 1e6:0.#} MB",
        >= 1_000 => $"{bytes / 1e3:0.#} KB",
        >= 500 => $"{bytes / 1e3:0.0} KB",
        _ => $"{bytes} B",
    };

    public static string Count(double number) => number switch
    {
        >= 1e6 => $"{number / 1e6:0.##} M",
        >= 1e4 => $"{number / 1e3:0.#} k",
        _ => $"{number:N0}",
    };
}
