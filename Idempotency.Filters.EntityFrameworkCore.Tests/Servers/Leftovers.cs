namespace Idempotency.Filters.EntityFrameworkCore.Tests.Servers;

/// <summary>What a server left on the machine.</summary>
internal static class Leftovers
{
    /// <returns>The processes that were started with a directory in their command line, or work in it.</returns>
    public static string[] ProcessesIn(string directory) =>
    [
        .. Directory.GetDirectories("/proc")
            .Where(process => char.IsAsciiDigit(Path.GetFileName(process)[0]))
            .Where(process => Read(() => File.ReadAllText($"{process}/cmdline")).Contains(directory, StringComparison.Ordinal)
                || Read(() => new DirectoryInfo($"{process}/cwd").LinkTarget).Contains(directory, StringComparison.Ordinal))
            .Select(process => $"{process}: {Read(() => File.ReadAllText($"{process}/cmdline")).Replace('\0', ' ')}"),
    ];

    /// <returns>The id of each segment of System V shared memory.</returns>
    public static string[] SharedMemory() =>
        [.. File.ReadLines("/proc/sysvipc/shm").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1])];

    private static string Read(Func<string?> read)
    {
        try
        {
            return read() ?? "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The process has ended, or is another user's.
            return "";
        }
    }
}
