using System.Globalization;
using MySqlConnector;

namespace Idempotency.Filters.TestSupport;

/// <summary>A real MariaDB server.</summary>
internal sealed class MariaDbServer() : DatabaseServer(Account, "mariadb", endSignal: "KILL")
{
    private const string LogFileSize = "--innodb-log-file-size=16M";

    private static readonly ServerAccount Account = new("mysql");
    private static readonly ServerProgram Program = new("/usr/sbin/mariadbd", "mariadb-server");
    private static readonly ServerProgram InstallDb = new("/usr/bin/mariadb-install-db", "mariadb-server");

    private static readonly DataTemplate Template = new(Account, "mariadb", data =>
    [
        InstallDb.Path, "--no-defaults", $"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db", LogFileSize,
    ]);

    /// <summary>Whether it waits for the disk at each commit. Without, it survives its own death, not that of the machine.</summary>
    public bool Durable { get; init; }

    public int MaxConnections { get; init; } = 100;

    /// <summary>More system variables, as my.cnf calls them.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override string ConnectionString => ConnectionStringTo("mysql");

    /// <inheritdoc/>
    public override async Task<object?> ExecuteAsync(string sql, string? connectionString = null)
    {
        var settings = new MySqlConnectionStringBuilder(connectionString ?? ConnectionString) { Pooling = false };
        await using var connection = new MySqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new MySqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>MySqlConnector and MySql.Data understand it.</summary>
    protected override string ConnectionStringTo(string database) => string.Create(
        CultureInfo.InvariantCulture, $"Server=127.0.0.1;Port={Port};User ID=root;Database={database};SSL Mode=Disabled");

    protected override string StopSignal => "TERM";

    protected override Task PrepareAsync() => Template.CopyToAsync(Data);

    protected override string[] Command()
    {
        Dictionary<string, string> settings = new()
        {
            ["datadir"] = Data,
            ["tmpdir"] = Home,
            ["socket"] = Path.Combine(Home, "server.sock"),
            ["pid-file"] = Path.Combine(Home, "server.pid"),
            ["bind-address"] = "127.0.0.1",
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["max-connections"] = MaxConnections.ToString(CultureInfo.InvariantCulture),
            ["character-set-server"] = "utf8mb4",
            ["innodb-buffer-pool-size"] = "32M",
            ["innodb-flush-log-at-trx-commit"] = Durable ? "1" : "2",
        };
        foreach (var (name, value) in Settings)
            settings[name] = value;
        return
        [
            Program.Path, "--no-defaults", "--skip-name-resolve", LogFileSize,
            .. settings.Select(setting => $"--{setting.Key}={setting.Value}"),
        ];
    }

    protected override async Task<bool> AnswersAsync()
    {
        try
        {
            // With a slash at its end.
            return await ExecuteAsync("SELECT @@datadir") is string directory && Path.TrimEndingDirectorySeparator(directory) == Data;
        }
        catch (MySqlException)
        {
            return false;
        }
    }

    private string Data => Path.Combine(Home, "data");
}
