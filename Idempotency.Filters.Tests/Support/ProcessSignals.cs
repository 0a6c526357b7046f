using System.Diagnostics;

namespace Idempotency.Filters.Tests.Support;

internal static class ProcessSignals
{
    /// <param name="process">A process that the test started.</param>
    /// <param name="signal">As the shell names it: <c>STOP</c>, <c>CONT</c>, <c>TERM</c>.</param>
    public static async Task SignalAsync(this Process process, string signal)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {process.Id}"]);
        await kill.WaitForExitAsync();
    }
}
