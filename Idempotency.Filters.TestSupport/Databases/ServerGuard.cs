using System.Diagnostics;
using System.Globalization;

namespace Idempotency.Filters.TestSupport;

/// <summary>
/// Ends a server and removes its directory if the tests end before they did so, for example because they are killed. A shell then reads
/// the end of its input.
/// </summary>
internal sealed class ServerGuard : IAsyncDisposable
{
    // A paused server can be ended only by KILL, or after it was continued.
    private const string Script =
        """
        exec >/dev/null 2>&1
        trap '' HUP INT TERM
        while read -r line; do id=$line; done
        if [ -n "$id" ]; then
            kill -$2 $id
            kill -CONT $id
            tries=100
            while kill -0 $id && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
            kill -KILL $id
        fi
        rm -rf "$1"
        """;

    private readonly Process _shell;

    /// <param name="directory">What is removed.</param>
    /// <param name="signal">What ends the server.</param>
    public ServerGuard(DirectoryInfo directory, string signal = "KILL") => _shell = Process.Start(
        new ProcessStartInfo("/bin/sh", ["-c", Script, "guard", directory.FullName, signal]) { RedirectStandardInput = true })!;

    public async Task WatchAsync(Process server)
    {
        await _shell.StandardInput.WriteLineAsync(server.Id.ToString(CultureInfo.InvariantCulture));
        await _shell.StandardInput.FlushAsync();
    }

    /// <summary>The server has ended. Its number may be another's from now on.</summary>
    public async Task ForgetAsync()
    {
        await _shell.StandardInput.WriteLineAsync();
        await _shell.StandardInput.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _shell.Kill();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
    }
}
