using Npgsql;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Servers;

/// <summary>What the other tests rely on.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class PostgresServerTests
{
    [Test]
    public async Task CommittedRowsAreThereAfterAKill()
    {
        await using var server = new PostgresServer { Durable = true };
        await server.StartAsync();
        var port = server.Port;
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE payments (id int PRIMARY KEY); INSERT INTO payments VALUES (1)", database);
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand("INSERT INTO payments VALUES (2)", connection, transaction);
        await insert.ExecuteNonQueryAsync();

        await server.KillAsync();
        Assert.That(() => transaction.CommitAsync(), Throws.InstanceOf<NpgsqlException>());
        await server.StartAsync();

        Assert.That(server.Port, Is.EqualTo(port));
        Assert.That(await server.ExecuteAsync("SELECT string_agg(id::text, ',') FROM payments", database), Is.EqualTo("1"));
        Assert.That(await server.LogAsync(), Does.Contain("automatic recovery in progress"));
    }
}
