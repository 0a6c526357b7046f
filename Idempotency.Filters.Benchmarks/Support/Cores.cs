namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>
/// Which processor cores the two sides of a comparison run on. The load generator has the last one and the server the others, so that
/// neither takes time from the other. What would run on another machine runs beside the load generator.
/// </summary>
internal static class Cores
{
    private const string TaskSet = "/usr/bin/taskset";

    private static readonly bool CanPin = File.Exists(TaskSet) && Environment.ProcessorCount > 1;

    public static string? Server => CanPin ? $"0-{Environment.ProcessorCount - 2}" : null;

    public static string? Load => CanPin ? $"{Environment.ProcessorCount - 1}" : null;

    public static string Description => CanPin
        ? $"the server pinned to {Environment.ProcessorCount - 1} of {Environment.ProcessorCount} cores, the load generator to the last one"
        : "server and load generator share all cores, unpinned";

    /// <summary>A command, on these cores.</summary>
    public static IEnumerable<string> Command(string? cores, IEnumerable<string> command) =>
        cores is null ? command : [TaskSet, "-c", cores, .. command];
}
