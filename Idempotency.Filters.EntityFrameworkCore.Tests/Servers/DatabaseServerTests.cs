using System.Data.Common;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Servers;

/// <summary>What the other tests rely on.</summary>
[Parallelizable(ParallelScope.All)]
internal abstract class DatabaseServerTests
{
    private const string Count = "SELECT count(*) FROM payments";

    [Test]
    public async Task CommittedRowsAreThereAfterAKillAndNoOthers([Values] bool durable)
    {
        await using var server = Create(durable);
        await server.StartAsync();
        var port = server.Port;
        var database = await DatabaseWithARowAsync(server);
        await using var connection = await ConnectAsync(database);
        await using var transaction = await InsertAsync(connection);

        await server.KillAsync();
        Assert.That(() => transaction.CommitAsync(), Throws.Exception);
        Assert.That(Leftovers.ProcessesIn(Path.Combine(server.Home, "data")), Is.Empty);
        await server.StartAsync();

        Assert.That(server.Port, Is.EqualTo(port));
        Assert.That(await server.ExecuteAsync(Count, database), Is.EqualTo(1));
    }

    [Test]
    public async Task RestartKeepsPortAndRows()
    {
        await using var server = Create(durable: false);
        await server.StartAsync();
        var port = server.Port;
        var database = await DatabaseWithARowAsync(server);

        await server.RestartAsync();

        Assert.That(server.Port, Is.EqualTo(port));
        Assert.That(await server.ExecuteAsync(Count, database), Is.EqualTo(1));
    }

    [Test]
    public async Task PausedServerAnswersWhenItIsResumed()
    {
        await using var server = Create(durable: false);
        await server.StartAsync();
        var database = await DatabaseWithARowAsync(server);
        await using var connection = await ConnectAsync(database);
        await using var command = connection.CreateCommand();
        command.CommandText = Count;

        await server.PauseAsync();
        var onOldConnection = Task.Run(() => command.ExecuteScalarAsync());
        var onNewConnection = Task.Run(() => server.ExecuteAsync(Count, database));
        await Task.Delay(100);
        Assert.That(onOldConnection.IsCompleted || onNewConnection.IsCompleted, Is.False);
        await server.ResumeAsync();

        Assert.That(await onOldConnection.Soon(), Is.EqualTo(1));
        Assert.That(await onNewConnection.Soon(), Is.EqualTo(1));
    }

    [Test]
    public async Task ServersAndDatabasesAreApart()
    {
        await using var first = Create(durable: false);
        await using var second = Create(durable: false);
        await Task.WhenAll(first.StartAsync(), second.StartAsync());
        string[] databases =
        [
            await DatabaseWithARowAsync(first), await DatabaseWithARowAsync(first), await DatabaseWithARowAsync(second),
        ];

        await second.KillAsync();

        Assert.That(first.Port, Is.Not.EqualTo(second.Port));
        Assert.That(databases, Is.Unique);
        Assert.That(await first.ExecuteAsync(Count, databases[0]), Is.EqualTo(1));
        Assert.That(await first.ExecuteAsync(Count, databases[1]), Is.EqualTo(1));
    }

    [Test]
    public async Task NothingIsLeftBehind([Values("running", "paused", "stopped", "killed", "never started")] string state)
    {
        string home;
        string[] memory;
        await using (var server = Create(durable: false))
        {
            home = server.Home;
            if (state != "never started")
                await server.StartAsync();
            memory = SharedMemoryOf(server);
            await (state switch
            {
                "paused" => server.PauseAsync(),
                "stopped" => server.StopAsync(),
                "killed" => server.KillAsync(),
                _ => Task.CompletedTask,
            });
        }

        Assert.That(Directory.Exists(home), Is.False);
        Assert.That(Leftovers.ProcessesIn(home), Is.Empty);
        Assert.That(Leftovers.SharedMemory().Intersect(memory), Is.Empty);
    }

    [Test]
    public async Task LostReplyHidesACommit()
    {
        await using var server = Create(durable: false);
        await server.StartAsync();
        var database = await DatabaseWithARowAsync(server);
        await using var proxy = new CuttableProxy(server.Port);
        await using var connection = await ConnectAsync(database.Through(proxy));
        await using var transaction = await InsertAsync(connection);

        proxy.LoseReplies();
        var commit = Task.Run(() => transaction.CommitAsync());
        await Waiting.UntilAsync(async () => Equals(await server.ExecuteAsync(Count, database), 2L));
        Assert.That(commit.IsCompleted, Is.False);
        proxy.Cut();

        Assert.That(() => commit.Soon(), Throws.InstanceOf<DbException>());
    }

    [Test]
    public async Task SharedServerGivesFreshDatabases()
    {
        string[] databases = [await FreshAsync(), await FreshAsync()];

        foreach (var database in databases)
        {
            await using var connection = await ConnectAsync(database);
            await using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE payments (id int PRIMARY KEY)";
            await command.ExecuteNonQueryAsync();
        }

        Assert.That(databases, Is.Unique);
    }

    protected abstract DatabaseServer Create(bool durable);

    protected abstract Task<string> FreshAsync();

    protected abstract DbConnection Connection(string database);

    /// <summary>The ids of the segments that it uses.</summary>
    protected virtual string[] SharedMemoryOf(DatabaseServer server) => [];

    private static async Task<string> DatabaseWithARowAsync(DatabaseServer server)
    {
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE payments (id int PRIMARY KEY)", database);
        await server.ExecuteAsync("INSERT INTO payments VALUES (1)", database);
        return database;
    }

    private async Task<DbConnection> ConnectAsync(string database)
    {
        var connection = Connection(database);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<DbTransaction> InsertAsync(DbConnection connection)
    {
        var transaction = await connection.BeginTransactionAsync();
        await using var insert = connection.CreateCommand();
        insert.Transaction = transaction;
        insert.CommandText = "INSERT INTO payments VALUES (2)";
        await insert.ExecuteNonQueryAsync();
        return transaction;
    }
}
