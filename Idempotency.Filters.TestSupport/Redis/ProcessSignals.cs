using System.Diagnostics;

namespace Idempotency.Filters.TestSupport;

internal static class ProcessSignals
{
    /// <param name="process">A process that the test started.</param>
    /// <param name="signal">The name that the shell uses: <c>STOP</c>, <c>CONT</c>, <c>TERM</c>.</param>
    public static Task SignalAsync(this Process process, string signal) => SignalAsync(signal, process.Id);

    /// <param name="signal">As above.</param>
    /// <param name="processes">Processes that the test started. Those that have ended are passed over.</param>
    public static async Task SignalAsync(string signal, params int[] processes)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {string.Join(' ', processes)} 2>/dev/null"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>
    /// Ends the process if the tests end before they stopped it, for example because they are killed. The guard then reads the end of its
    /// input.
    /// </summary>
    public static Process Guard(this Process process) => Process.Start(
        new ProcessStartInfo("/bin/sh", ["-c", $"read line; kill -KILL {process.Id}"]) { RedirectStandardInput = true })!;
}
