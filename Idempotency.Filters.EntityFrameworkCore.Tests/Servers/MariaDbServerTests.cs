using System.Data.Common;
using MySqlConnector;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Servers;

internal sealed class MariaDbServerTests : DatabaseServerTests
{
    [Test]
    public async Task SettingsAreThoseOfTheTest()
    {
        await using var server = new MariaDbServer
        {
            Durable = true,
            MaxConnections = 17,
            Settings = new Dictionary<string, string> { ["transaction-isolation"] = "SERIALIZABLE" },
        };
        await server.StartAsync();

        Assert.That(await server.ExecuteAsync("SELECT @@innodb_flush_log_at_trx_commit"), Is.EqualTo(1));
        Assert.That(await server.ExecuteAsync("SELECT @@max_connections"), Is.EqualTo(17));
        Assert.That(await server.ExecuteAsync("SELECT @@tx_isolation"), Is.EqualTo("SERIALIZABLE"));
    }

    [Test]
    public async Task TheOtherClientConnectsToo()
    {
        await using var connection = new MySql.Data.MySqlClient.MySqlConnection(await FreshAsync());
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT 'utf8mb4 😀'";

        Assert.That(await command.ExecuteScalarAsync(), Is.EqualTo("utf8mb4 😀"));
    }

    protected override DatabaseServer Create(bool durable) => new MariaDbServer { Durable = durable };

    protected override Task<string> FreshAsync() => Databases.MariaDbAsync();

    protected override DbConnection Connection(string database) => new MySqlConnection(database);
}
