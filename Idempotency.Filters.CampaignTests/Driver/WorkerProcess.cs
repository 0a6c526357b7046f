using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Idempotency.Filters.CampaignTests.Driver;

/// <summary>An application in a process of its own: Idempotency.Filters.CampaignWorker.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan LongestRequest = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Process _guard;
    private readonly TaskCompletionSource<string?> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _log = [];
    private readonly HttpClient _client = new() { Timeout = LongestRequest };

    private WorkerProcess(int number, Process process)
    {
        Number = number;
        _process = process;
        _guard = process.Guard();
        _process.OutputDataReceived += (_, line) => _address.TrySetResult(line.Data);
        _process.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Ended = _process.WaitForExitAsync();
    }

    public int Number { get; }

    /// <summary>Ends when the process has ended.</summary>
    public Task Ended { get; }

    /// <summary>What it logged, from warnings on, a line each.</summary>
    public IReadOnlyCollection<string> Log => _log;

    public static async Task<WorkerProcess> StartAsync(CampaignMode mode, string connection, string folder, int number)
    {
        var worker = new WorkerProcess(number, Start(mode, connection, folder, number));
        try
        {
            var address = await worker._address.Task.Soon()
                ?? throw new InvalidOperationException("The worker does not start: " + string.Join('\n', worker.Log));
            worker._client.BaseAddress = new(address);
            return worker;
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets a worker make the tables, and nothing else.</summary>
    public static async Task MakeTablesAsync(CampaignMode mode, string connection, string folder)
    {
        await using var worker = new WorkerProcess(0, Start(mode, connection, folder, 0, "--MakeTables", "true"));
        await worker.Ended.Soon();
        if (worker._process.ExitCode != 0)
            throw new InvalidOperationException("The worker makes no tables: " + string.Join('\n', worker.Log));
    }

    /// <exception cref="HttpRequestException">It died, or the connection broke.</exception>
    public async Task<HttpResponseMessage> PostAsync(string path, string key, CrashPoint? crashAt)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.Add("Idempotency-Key", key);
        if (crashAt is { } point)
            request.Headers.Add("Crash-At", point.ToString());
        return await _client.SendAsync(request);
    }

    /// <summary>Ends it in the middle of whatever it does.</summary>
    public void Kill() => _process.Kill();

    /// <summary>From now on it does nothing, and its connections stay open.</summary>
    public Task PauseAsync() => _process.SignalAsync("STOP");

    public Task ResumeAsync() => _process.SignalAsync("CONT");

    private static Process Start(CampaignMode mode, string connection, string folder, int number, params string[] further)
    {
        string[] settings =
        [
            "--Store", mode.Store.ToString(), "--Connection", connection, "--Number", number.ToString(CultureInfo.InvariantCulture),
            "--History", Path.Combine(folder, $"worker-{number}.jsonl"), "--Lease", mode.Lease.ToString(),
            "--WhenInterrupted", mode.WhenInterrupted.ToString(), "--IsTransactional", mode.IsTransactional.ToString(), .. further,
        ];
        var program = Path.Combine(AppContext.BaseDirectory, "worker", "Idempotency.Filters.CampaignWorker.dll");
        return Process.Start(new ProcessStartInfo("dotnet", [program, .. settings])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    public async ValueTask DisposeAsync()
    {
        _guard.Kill();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
        Kill();
        await Ended;
        _client.Dispose();
        _process.Dispose();
    }
}
