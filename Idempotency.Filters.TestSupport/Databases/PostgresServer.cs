using System.Globalization;
using Npgsql;

namespace Idempotency.Filters.TestSupport;

/// <summary>A real PostgreSQL server.</summary>
internal sealed class PostgresServer() : DatabaseServer(Account, "postgres", endSignal: "QUIT")
{
    private static readonly ServerAccount Account = new("postgres");
    private static readonly ServerProgram Program = new(Newest("postgres"), "postgresql");
    private static readonly ServerProgram InitDb = new(Newest("initdb"), "postgresql");

    private static readonly DataTemplate Template = new(Account, "postgres", data =>
    [
        InitDb.Path, "-D", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
        "--no-instructions",
    ]);

    /// <summary>Whether it waits for the disk at each commit. Without, it survives its own death, not that of the machine.</summary>
    public bool Durable { get; init; }

    public int MaxConnections { get; init; } = 100;

    /// <summary>More parameters, as postgresql.conf calls them.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override string ConnectionString => ConnectionStringTo("postgres");

    /// <inheritdoc/>
    public override async Task<object?> ExecuteAsync(string sql, string? connectionString = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString ?? ConnectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    protected override string ConnectionStringTo(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = "postgres",
        Database = database,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
        IncludeErrorDetail = true,
        // Each database has a pool of its own. What tests that are over left in theirs must not use up the connections of the server.
        ConnectionIdleLifetime = 10,
        ConnectionPruningInterval = 5,
    }.ConnectionString;

    protected override string StopSignal => "INT";

    protected override Task PrepareAsync() => Template.CopyToAsync(Data);

    protected override string[] Command()
    {
        Dictionary<string, string> settings = new()
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = Home,
            ["max_connections"] = MaxConnections.ToString(CultureInfo.InvariantCulture),
            ["fsync"] = Durable ? "on" : "off",
            // In the directory of the data, so that nothing outside is left behind.
            ["dynamic_shared_memory_type"] = "mmap",
            ["log_line_prefix"] = "%m [%p] %d ",
        };
        foreach (var (name, value) in Settings)
            settings[name] = value;
        return [Program.Path, "-D", Data, .. settings.SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" })];
    }

    protected override async Task<bool> AnswersAsync()
    {
        try
        {
            return Equals(await ExecuteAsync("SHOW data_directory"), Data);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            return false;
        }
    }

    /// <summary>
    /// The lock files name processes, and shared memory, that a start after a power cut does not find. Another server may have the number
    /// of such a process by now, and would keep this one from starting.
    /// </summary>
    protected override void AfterKill()
    {
        var lockFile = Path.Combine(Data, "postmaster.pid");
        if (!File.Exists(lockFile))
            return;

        // Its seventh line: the key and the id of the shared memory.
        if (File.ReadAllLines(lockFile) is [_, _, _, _, _, _, var memory, ..])
            SystemMemory.Free(int.Parse(memory.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
        File.Delete(lockFile);
        foreach (var socket in Directory.GetFiles(Home, ".s.PGSQL.*"))
            File.Delete(socket);
    }

    private string Data => Path.Combine(Home, "data");

    private static string? Newest(string program)
    {
        var versions = new DirectoryInfo("/usr/lib/postgresql");
        if (!versions.Exists)
            return null;

        return versions.GetDirectories()
            .OrderByDescending(version => int.TryParse(version.Name, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .Select(version => Path.Combine(version.FullName, "bin", program))
            .FirstOrDefault(File.Exists);
    }
}
