using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Idempotency.Filters.TestSupport;

namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>
/// A server of its own on a free loopback port, with nothing on disk, which ends with this program whatever becomes of that.
/// </summary>
internal sealed partial class RedisServer : IAsyncDisposable
{
    private const string HowToInstall =
        "There is no redis-server and no valkey-server in /usr/bin, or none where REDIS_SERVER says. "
        + "Install one, on Debian by: apt-get install redis-server, "
        + "or give the path of another in the environment variable REDIS_SERVER. "
        + "To leave Redis out: compare --stores memory,distributed-cache, scale --redis false.";

    private const int Attempts = 5;

    /// <summary>The program: that of the environment variable, its path, or the distribution's own. As the tests choose it.</summary>
    private static readonly string? Program = Environment.GetEnvironmentVariable("REDIS_SERVER") is { Length: > 0 } program
        ? program
        : Array.Find(["/usr/bin/redis-server", "/usr/bin/valkey-server"], File.Exists);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("idempotency-benchmarks-");
    private readonly Process _process;
    private readonly Process _guard;
    private readonly int _port;

    private RedisServer(int port)
    {
        string[] command =
        [
            .. Cores.Command(Cores.Load, [Program!]), "--bind", "127.0.0.1", "--port", $"{port}", "--dir", _directory.FullName,
            "--logfile", "server.log", "--save", "", "--appendonly", "no",
        ];
        _port = port;
        _process = Process.Start(command[0], command[1..]);
        _guard = _process.Guard();
    }

    /// <exception cref="UsageException">There is none to start.</exception>
    public static void Require()
    {
        if (!File.Exists(Program))
            throw new UsageException(HowToInstall);
    }

    public string Address => $"127.0.0.1:{_port}";

    public static async Task<RedisServer> StartAsync()
    {
        // Somebody else may take the port between its choice and its use.
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var server = new RedisServer(FreePort());
            if (await server.AnswersAsync())
                return server;
            await server.DisposeAsync();
        }

        throw new InvalidOperationException($"{Program} does not start.");
    }

    public async Task<object?> ExecuteAsync(params string[] command)
    {
        using var connection = await RedisConnection.OpenAsync(_port);
        return await connection.ExecuteAsync(command);
    }

    /// <summary>What it has used since its start, and holds now.</summary>
    public async Task<RedisSample> SampleAsync()
    {
        var info = (string)(await ExecuteAsync("INFO", "everything"))!;
        var fields = Field().Matches(info).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        double Number(string name) => double.Parse(fields[name], CultureInfo.InvariantCulture);
        return new()
        {
            // Valkey tells, as redis_version, the Redis that it is compatible with.
            Version = fields.TryGetValue("valkey_version", out var valkey) ? $"Valkey {valkey}" : $"Redis {fields["redis_version"]}",
            MemoryBytes = Number("used_memory"),
            CpuMicroseconds = (Number("used_cpu_user") + Number("used_cpu_sys")) * 1e6,
            BytesIn = Number("total_net_input_bytes"),
            BytesOut = Number("total_net_output_bytes"),
            Scripts = Command().Matches(info).Sum(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)),
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _guard.Kill();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        for (var deadline = DateTime.UtcNow.AddSeconds(30); DateTime.UtcNow < deadline && !_process.HasExited; await Task.Delay(20))
        {
            try
            {
                // Another server on this port is not this one.
                var info = (string)(await ExecuteAsync("INFO", "server"))!;
                return info.Contains($"process_id:{_process.Id}\r\n", StringComparison.Ordinal);
            }
            catch (Exception exception) when (exception is SocketException or IOException)
            {
                // It is not yet there.
            }
        }

        return false;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"^(\w+):(.*?)\r?$", RegexOptions.Multiline)]
    private static partial Regex Field();

    [GeneratedRegex(@"cmdstat_eval(?:sha)?:calls=(\d+)")]
    private static partial Regex Command();
}

/// <summary>What a Redis server has used since its start, and holds now.</summary>
internal sealed record RedisSample
{
    /// <summary>Which server it is, and its version.</summary>
    public required string Version { get; init; }

    /// <summary>What it has allocated for data, connections and itself.</summary>
    public required double MemoryBytes { get; init; }

    public required double CpuMicroseconds { get; init; }

    /// <summary>From its clients.</summary>
    public required double BytesIn { get; init; }

    /// <summary>To its clients.</summary>
    public required double BytesOut { get; init; }

    /// <summary>How many scripts its clients sent: all that the store sends are scripts.</summary>
    public required double Scripts { get; init; }
}
