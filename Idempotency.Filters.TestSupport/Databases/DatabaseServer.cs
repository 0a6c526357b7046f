using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Idempotency.Filters.TestSupport;

/// <summary>
/// A real database server on a free loopback port, in a directory of its own. It ends with this program, even if that is killed.
/// </summary>
internal abstract class DatabaseServer : IAsyncDisposable
{
    private readonly ServerAccount _account;
    private readonly string _name;
    private readonly DirectoryInfo _directory;
    private readonly ServerGuard _guard;
    private Process? _process;

    /// <param name="account">What it runs under.</param>
    /// <param name="name">What messages and the directory call it.</param>
    /// <param name="endSignal">What ends it, with all its processes, when the tests cannot.</param>
    protected DatabaseServer(ServerAccount account, string name, string endSignal)
    {
        (_account, _name) = (account, name);
        _directory = Directory.CreateTempSubdirectory(name + "-server-");
        _guard = new(_directory, endSignal);
    }

    /// <summary>The same from the first start on.</summary>
    public int Port { get; private set; }

    /// <summary>Holds everything that the server writes.</summary>
    public string Home => _directory.FullName;

    /// <summary>For a database that every server has.</summary>
    public abstract string ConnectionString { get; }

    /// <summary>Starts it; after <see cref="StopAsync"/> or <see cref="KillAsync"/> on the same port, with the same data.</summary>
    public async Task StartAsync()
    {
        if (_process is not null)
            throw new InvalidOperationException($"{_name} runs already.");

        if (Port == 0)
        {
            await _account.OwnAsync(_directory);
            await PrepareAsync();
            // Another process may take the port before this server does.
            for (var attempt = 1; attempt < 5; attempt++)
            {
                Port = FreePort();
                if (await TryRunAsync())
                    return;
            }
        }

        if (!await TryRunAsync())
            throw new InvalidOperationException($"{_name} does not start: {await LogAsync()}");
    }

    /// <summary>Stops it as an administrator does who does not wait for the clients.</summary>
    public async Task StopAsync()
    {
        await _process!.SignalAsync(StopSignal);
        await ExitedAsync().Soon();
    }

    /// <summary>Kills all its processes in the middle of whatever they are doing.</summary>
    public async Task KillAsync()
    {
        if (!_process!.HasExited)
            await ProcessTree.KillAsync(_process.Id);
        await ExitedAsync();
        AfterKill();
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>From now on it accepts connections but answers nothing.</summary>
    public Task PauseAsync() => ProcessTree.PauseAsync(_process!.Id);

    public Task ResumeAsync() => ProcessTree.ResumeAsync(_process!.Id);

    /// <returns>The connection string of a new database.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var database = $"test_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {database}");
        return ConnectionStringTo(database);
    }

    /// <summary>Runs one command on a connection of its own, which no pool keeps.</summary>
    /// <param name="sql">The command.</param>
    /// <param name="connectionString">Null for <see cref="ConnectionString"/>.</param>
    /// <returns>The first column of the first row.</returns>
    public abstract Task<object?> ExecuteAsync(string sql, string? connectionString = null);

    /// <summary>What the server wrote, since the first start.</summary>
    public async Task<string> LogAsync() => File.Exists(LogFile) ? await File.ReadAllTextAsync(LogFile) : "it wrote no log.";

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await KillAsync();
        await _guard.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    /// <summary>The signal for <see cref="StopAsync"/>.</summary>
    protected abstract string StopSignal { get; }

    protected abstract string ConnectionStringTo(string database);

    /// <summary>Makes the data, once, in the directory that the account owns by now.</summary>
    protected abstract Task PrepareAsync();

    /// <summary>The command line, for the current port.</summary>
    protected abstract string[] Command();

    /// <summary>True when it is ready, and is not another server on this port.</summary>
    protected abstract Task<bool> AnswersAsync();

    /// <summary>Removes what a power cut would not have left.</summary>
    protected virtual void AfterKill()
    {
    }

    private string LogFile => Path.Combine(Home, "server.log");

    private async Task<bool> TryRunAsync()
    {
        string[] command = ["-c", "exec \"$@\" >>\"$0\" 2>&1", LogFile, .. _account.Command(Command())];
        _process = Process.Start(new ProcessStartInfo("/bin/sh", command) { WorkingDirectory = Home })!;
        await _guard.WatchAsync(_process);
        for (var deadline = DateTime.UtcNow.AddMinutes(2); DateTime.UtcNow < deadline && !_process.HasExited; await Task.Delay(20))
        {
            if (await AnswersAsync())
                return true;
        }

        await KillAsync();
        return false;
    }

    private async Task ExitedAsync()
    {
        await _process!.WaitForExitAsync();
        await _guard.ForgetAsync();
        _process.Dispose();
        _process = null;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
