using System.Diagnostics;
using System.Text.Json;

namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>
/// This program once more, in another role: answers each line on its input with one line of JSON, and ends when its input does, whatever
/// became of its parent.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    /// <param name="program">The .dll of a build of this program; null = this very one.</param>
    /// <param name="cores">Where to run it; null = anywhere.</param>
    /// <param name="environment">What to add to the environment.</param>
    /// <param name="arguments">Its role.</param>
    public static ChildProcess Start(
        string? program, string? cores, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        string[] command = [.. Cores.Command(cores, Command(program)), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new ChildProcess(Process.Start(start)!);
    }

    public async Task<T> AskAsync<T>(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        return await _process.StandardOutput.ReadLineAsync() is { } answer
            ? JsonSerializer.Deserialize<T>(answer)!
            : throw new InvalidOperationException("The child process ended.");
    }

    /// <summary>The child's side: answers until the input ends.</summary>
    public static async Task ServeAsync(Func<string, Task<object>> answer)
    {
        // The console's reader blocks. On one core the thread pool has few threads to lose, and takes a second to miss one.
        while (await Task.Factory.StartNew(Console.In.ReadLine, TaskCreationOptions.LongRunning) is { } line)
            Console.WriteLine(JsonSerializer.Serialize(await answer(line)));
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static string[] Command(string? program)
    {
        var self = Environment.ProcessPath!;
        var isRuntime = Path.GetFileNameWithoutExtension(self) == "dotnet";
        return program is null && !isRuntime ? [self] : [isRuntime ? self : "dotnet", program ?? typeof(ChildProcess).Assembly.Location];
    }
}
