using System.Collections.Concurrent;
using System.Diagnostics;

namespace Idempotency.Filters.ProcessTests.Support;

/// <summary>An application in a process of its own: Idempotency.Filters.TestWorker.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    // No request may hang: the longest of the options of a worker, 30 seconds to wait for a key, and a slow machine.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Process _guard;
    private readonly TaskCompletionSource<string?> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _events = [];
    private readonly ConcurrentQueue<string> _log = [];
    private HttpClient? _client;

    private WorkerProcess(Process process)
    {
        _process = process;
        _guard = process.Guard();
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What its actions did, in their order: <c>started key</c>, <c>finished key</c>, <c>lease-lost key</c>.</summary>
    public IReadOnlyCollection<string> Events => _events;

    /// <summary>What it logged, from warnings on, a line each.</summary>
    public IReadOnlyCollection<string> Log => _log;

    /// <param name="redis">The address of the server.</param>
    /// <param name="settings">Further settings of the worker: <c>"--Lease", "00:00:02"</c>.</param>
    public static async Task<WorkerProcess> StartAsync(string redis, params string[] settings)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Idempotency.Filters.TestWorker.dll");
        var worker = new WorkerProcess(Process.Start(new ProcessStartInfo("dotnet", [program, "--Redis", redis, .. settings])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
        try
        {
            var address = await worker._address.Task.Soon()
                ?? throw new InvalidOperationException("The worker does not start: " + string.Join('\n', worker.Log));
            worker._client = new() { BaseAddress = new(address), Timeout = Bound };
            return worker;
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }
    }

    public async Task<HttpResponseMessage> PostAsync(string path, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.Add("Idempotency-Key", key);
        return await _client!.SendAsync(request);
    }

    /// <summary>Returns when an action has told of this.</summary>
    public Task ToldAsync(string what) => Waiting.UntilAsync(() => Events.Contains(what));

    /// <summary>How often the action of a key has begun.</summary>
    public int Runs(string key) => Events.Count(told => told == "started " + key);

    /// <summary>Whether it has logged an event of the library, by its number.</summary>
    public bool Logged(int eventId) => Log.Any(line => line.Contains($"[{eventId}]", StringComparison.Ordinal));

    /// <summary>Ends it in the middle of whatever it does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        // Also until all that it wrote is here.
        await _process.WaitForExitAsync();
    }

    /// <summary>From now on it does nothing, and its connections stay open.</summary>
    public Task PauseAsync() => _process.SignalAsync("STOP");

    public Task ResumeAsync() => _process.SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        _guard.Kill();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
        await KillAsync();
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        // The first line is the address; none is the end.
        if (!_address.TrySetResult(line) && line is not null)
            _events.Enqueue(line);
    }
}
