using System.Data.Common;
using Npgsql;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Servers;

internal sealed class PostgresServerTests : DatabaseServerTests
{
    [Test]
    public async Task SettingsAreThoseOfTheTest()
    {
        await using var server = new PostgresServer
        {
            Durable = true,
            MaxConnections = 7,
            Settings = new Dictionary<string, string>
            {
                ["superuser_reserved_connections"] = "1",
                ["default_transaction_isolation"] = "serializable",
            },
        };
        await server.StartAsync();

        Assert.That(await server.ExecuteAsync("SHOW fsync"), Is.EqualTo("on"));
        Assert.That(await server.ExecuteAsync("SHOW max_connections"), Is.EqualTo("7"));
        Assert.That(await server.ExecuteAsync("SHOW transaction_isolation"), Is.EqualTo("serializable"));
    }

    /// <summary>A backend that calculates would not notice the end of the server.</summary>
    [Test]
    public async Task KillEndsABackendAtWork()
    {
        await using var server = new PostgresServer { Settings = new Dictionary<string, string> { ["statement_timeout"] = "2min" } };
        await server.StartAsync();
        var work = Task.Run(() => server.ExecuteAsync("DO $$ BEGIN LOOP END LOOP; END $$"));
        await Waiting.UntilAsync(async () =>
            Equals(await server.ExecuteAsync("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'DO %'"), 1L));

        await server.KillAsync();
        Assert.That(Leftovers.ProcessesIn(server.Home + "/data"), Is.Empty);
        Assert.That(() => work.Soon(), Throws.InstanceOf<NpgsqlException>());
        await server.StartAsync();

        Assert.That(await server.LogAsync(), Does.Contain("automatic recovery in progress"));
    }

    protected override DatabaseServer Create(bool durable) => new PostgresServer { Durable = durable };

    protected override Task<string> FreshAsync() => Databases.PostgresAsync();

    protected override DbConnection Connection(string database) => new NpgsqlConnection(database);

    protected override string[] SharedMemoryOf(DatabaseServer server)
    {
        var lockFile = Path.Combine(server.Home, "data", "postmaster.pid");
        return File.Exists(lockFile) ? [File.ReadAllLines(lockFile)[6].Split(' ')[^1]] : [];
    }
}
