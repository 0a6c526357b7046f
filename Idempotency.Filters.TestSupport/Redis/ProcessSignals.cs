using System.Diagnostics;

namespace Idempotency.Filters.TestSupport;

internal static class ProcessSignals
{
    /// <param name="process">A process that the test started.</param>
    /// <param name="signal">As the shell names it: <c>STOP</c>, <c>CONT</c>, <c>TERM</c>.</param>
    public static async Task SignalAsync(this Process process, string signal)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>
    /// Ends the process when these tests end before they have done so: when they are killed, say. The guard then reads the end of its input.
    /// </summary>
    public static Process Guard(this Process process) => Process.Start(
        new ProcessStartInfo("/bin/sh", ["-c", $"read line; kill -KILL {process.Id}"]) { RedirectStandardInput = true })!;
}
