using System.Globalization;
using Npgsql;

namespace Idempotency.Filters.TestSupport;

/// <summary>
/// A real PgBouncer that has a server connection for each transaction, not for each client. Start it while the server runs.
/// </summary>
internal sealed class PgBouncer(PostgresServer server) : DatabaseServer(Account, "pgbouncer", endSignal: "KILL")
{
    private static readonly ServerAccount Account = new("postgres");
    private static readonly ServerProgram Program = new("/usr/sbin/pgbouncer", "pgbouncer");

    /// <summary>How many server connections it has for a database.</summary>
    public int PoolSize { get; init; } = 20;

    /// <summary>More settings, as pgbouncer.ini calls them.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override string ConnectionString => Through(server.ConnectionString);

    /// <inheritdoc/>
    public override Task<object?> ExecuteAsync(string sql, string? connectionString = null) =>
        server.ExecuteAsync(sql, connectionString ?? ConnectionString);

    /// <param name="connectionString">A database of the server.</param>
    /// <returns>The same database through this.</returns>
    public string Through(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        Port = Port,
        // What is prepared or set on one server connection is not there on the next.
        MaxAutoPrepare = 0,
        NoResetOnClose = true,
    }.ConnectionString;

    protected override string ConnectionStringTo(string database) =>
        new NpgsqlConnectionStringBuilder(ConnectionString) { Database = database }.ConnectionString;

    protected override string StopSignal => "TERM";

    protected override Task PrepareAsync() => Task.CompletedTask;

    protected override string[] Command()
    {
        Dictionary<string, string> settings = new()
        {
            ["listen_addr"] = "127.0.0.1",
            ["listen_port"] = Port.ToString(CultureInfo.InvariantCulture),
            // Without a socket it ends if it does not get the port.
            ["unix_socket_dir"] = "",
            ["auth_type"] = "any",
            ["pool_mode"] = "transaction",
            ["default_pool_size"] = PoolSize.ToString(CultureInfo.InvariantCulture),
            ["max_client_conn"] = "1000",
            // It looks for a server that came back at once, not after 15 seconds.
            ["server_login_retry"] = "0",
        };
        foreach (var (name, value) in Settings)
            settings[name] = value;

        var file = Path.Combine(Home, "pgbouncer.ini");
        File.WriteAllLines(file,
        [
            "[databases]", string.Create(CultureInfo.InvariantCulture, $"* = host=127.0.0.1 port={server.Port} user=postgres"),
            "[pgbouncer]", .. settings.Select(setting => $"{setting.Key} = {setting.Value}"),
        ]);
        return [Program.Path, file];
    }

    protected override async Task<bool> AnswersAsync()
    {
        try
        {
            const string Question = "SHOW data_directory";
            return Equals(await ExecuteAsync(Question), await server.ExecuteAsync(Question));
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            return false;
        }
    }
}
