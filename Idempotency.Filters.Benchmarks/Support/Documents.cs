namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>Writes results into the repository: pictures, and the generated parts of a page.</summary>
internal static class Documents
{
    // For people: the few figures that matter, and what they mean.
    public const string Performance = "docs/performance.md";
    public const string Deployment = "docs/deployment.md";

    // All that was measured.
    public const string PerformanceData = "docs/performance-data.md";
    public const string DeploymentData = "docs/deployment-data.md";

    /// <summary>
    /// Whether the results are written. By default those of a whole run are. Those of a part are not: they would take the place of the
    /// others.
    /// </summary>
    /// <param name="arguments">Of the command.</param>
    /// <param name="partial">Whether a part of what there is was chosen.</param>
    /// <exception cref="UsageException">There is no repository to write into.</exception>
    public static bool WillBeWritten(Arguments arguments, bool partial)
    {
        var write = arguments.Get("write", !partial);
        if (write)
            Locate(Performance);
        return write;
    }

    /// <summary>Replaces what stands between <c>&lt;!-- name --&gt;</c> and <c>&lt;!-- /name --&gt;</c>.</summary>
    public static void ReplacePart(string page, string name, string markdown)
    {
        var file = Locate(page);
        var text = File.ReadAllText(file);
        var (start, end) = ($"<!-- {name} -->", $"<!-- /{name} -->");
        var from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        var to = text.IndexOf(end, StringComparison.Ordinal);
        if (from < start.Length || to < from)
            throw new InvalidOperationException($"{page} lacks the marks {start} and {end}.");
        File.WriteAllText(file, $"{text[..from]}\n{markdown.Trim()}\n{text[to..]}");
    }

    public static void WritePicture(string name, string svg) => File.WriteAllText(Locate($"docs/images/{name}"), svg);

    private static string Locate(string path)
    {
        for (var folder = new DirectoryInfo(Environment.CurrentDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Idempotency.Filters.slnx")))
                return Path.Combine(folder.FullName, path);
        }

        throw new UsageException("Run this somewhere in the repository, or with --write false.");
    }
}
