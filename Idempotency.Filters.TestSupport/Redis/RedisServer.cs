using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Idempotency.Filters.TestSupport;

/// <summary>
/// A real server of its own, on a free loopback port, that keeps nothing on disk unless it is told to, and ends with this program whatever becomes
/// of that. The benchmarks compile it in.
/// </summary>
internal sealed partial class RedisServer : IAsyncDisposable
{
    // A cluster node adds this to its port for the connections of the other nodes.
    private const int BusOffset = 10_000;

    /// <summary>The program: from the environment variable, or from the distribution.</summary>
    private static readonly string? Program = Environment.GetEnvironmentVariable("REDIS_SERVER") is { Length: > 0 } program
        ? program
        : Array.Find(["/usr/bin/redis-server", "/usr/bin/valkey-server"], File.Exists);

    private readonly string[] _launcher;
    private readonly string[] _arguments;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("redis-server-");
    private Process? _process;
    private Process? _guard;

    private RedisServer(string[] launcher, string[] arguments) => (_launcher, _arguments) = (launcher, arguments);

    public int Port { get; private set; }

    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <exception cref="FileNotFoundException">There is no program to start; the message says how to get one.</exception>
    public static void Require()
    {
        if (File.Exists(Program))
            return;

        const string Message =
            "There is no redis-server and no valkey-server in /usr/bin, or none where REDIS_SERVER says. Install one, on Debian by: "
            + "apt-get install redis-server, or give the path of another in the environment variable REDIS_SERVER.";
        WhenMissing(Message);
        throw new FileNotFoundException(Message);
    }

    /// <param name="arguments">What the command line gets besides: <c>"--appendonly", "yes"</c> keeps the data over a restart.</param>
    public static Task<RedisServer> StartAsync(params string[] arguments) => StartAsync([], arguments);

    /// <param name="launcher">A command that becomes the server: <c>"taskset", "-c", "1"</c>.</param>
    /// <param name="arguments">What the command line gets besides.</param>
    public static async Task<RedisServer> StartAsync(string[] launcher, string[] arguments)
    {
        Require();
        var server = new RedisServer(launcher, arguments);
        try
        {
            // Another process may take the port before this server does.
            for (var attempt = 1; ; attempt++)
            {
                server.Port = FreePort(arguments.Contains("--cluster-enabled"));
                if (await server.TryRunAsync())
                    return server;
                if (attempt == 5)
                    throw new InvalidOperationException("redis-server does not start: " + await server.LogAsync());
            }
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops it as an administrator does.</summary>
    public async Task StopAsync()
    {
        await _process!.SignalAsync("TERM");
        await ExitedAsync();
    }

    /// <summary>Kills it in the middle of whatever it is doing.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await ExitedAsync();
    }

    /// <summary>Restarts it on its port, after <see cref="StopAsync"/> or <see cref="KillAsync"/>.</summary>
    public async Task RestartAsync()
    {
        if (!await TryRunAsync())
            throw new InvalidOperationException("redis-server does not start again: " + await LogAsync());
    }

    /// <summary>From now on it accepts connections but answers nothing.</summary>
    public Task PauseAsync() => _process!.SignalAsync("STOP");

    public Task ResumeAsync() => _process!.SignalAsync("CONT");

    public async Task<RedisConnection> ConnectAsync() => await RedisConnection.OpenAsync(Port);

    /// <summary>Sends one command on a connection of its own.</summary>
    public async Task<object?> ExecuteAsync(params string[] command)
    {
        using var connection = await ConnectAsync();
        return await connection.ExecuteAsync(command);
    }

    /// <summary>How often each command was called since <c>CONFIG RESETSTAT</c>, those inside scripts included.</summary>
    public async Task<Dictionary<string, long>> CommandStatsAsync()
    {
        var info = (string)(await ExecuteAsync("INFO", "commandstats"))!;
        return Command().Matches(info).ToDictionary(
            match => match.Groups[1].Value, match => long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await KillAsync();
        _directory.Delete(recursive: true);
    }

    private async Task<bool> TryRunAsync()
    {
        string[] command =
        [
            .. _launcher, Program!, "--bind", "127.0.0.1", "--port", Port.ToString(CultureInfo.InvariantCulture), "--dir", _directory.FullName,
            "--logfile", "server.log", "--save", "", "--appendonly", "no", .. _arguments,
        ];
        _process = Process.Start(command[0], command[1..]);
        _guard = _process.Guard();
        for (var deadline = DateTime.UtcNow.AddMinutes(2); DateTime.UtcNow < deadline && !_process.HasExited; await Task.Delay(20))
        {
            if (await AnswersAsync())
                return true;
        }

        await KillAsync();
        return false;
    }

    /// <summary>Checks the process id, because another server may be on this port, and that all data is loaded.</summary>
    private async Task<bool> AnswersAsync()
    {
        try
        {
            var info = (string)(await ExecuteAsync("INFO"))!;
            return info.Contains($"process_id:{_process!.Id}\r\n", StringComparison.Ordinal)
                && info.Contains("loading:0\r\n", StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is SocketException or IOException or RedisReplyException)
        {
            return false;
        }
    }

    private async Task ExitedAsync()
    {
        _guard!.Kill();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
        await _process!.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    private async Task<string> LogAsync()
    {
        var log = Path.Combine(_directory.FullName, "server.log");
        return File.Exists(log) ? await File.ReadAllTextAsync(log) : "it wrote no log.";
    }

    private static int FreePort(bool withBus)
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (!withBus || IsFree(port + BusOffset))
                return port;
        }
    }

    private static bool IsFree(int port)
    {
        if (port > IPEndPoint.MaxPort)
            return false;

        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Whoever compiles this in may do something else than to throw.</summary>
    static partial void WhenMissing(string message);

    [GeneratedRegex(@"cmdstat_([^:]+):calls=(\d+)")]
    private static partial Regex Command();
}
