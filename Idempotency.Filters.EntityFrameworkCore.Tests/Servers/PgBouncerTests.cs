using Npgsql;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Servers;

/// <summary>What the other tests rely on.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PgBouncerTests
{
    private const string Backend = "SELECT pg_backend_pid()";

    private readonly PostgresServer _server = new();

    [SetUp]
    public Task StartServerAsync() => _server.StartAsync();

    [TearDown]
    public async Task StopServerAsync() => await _server.DisposeAsync();

    [Test]
    public async Task ClientHasAServerConnectionOnlyInATransaction()
    {
        await using var bouncer = new PgBouncer(_server) { PoolSize = 1 };
        await bouncer.StartAsync();
        var database = bouncer.Through(await _server.CreateDatabaseAsync());
        await using var first = new NpgsqlConnection(database);
        await using var second = new NpgsqlConnection(database);
        await first.OpenAsync();
        await second.OpenAsync();

        await using var transaction = await first.BeginTransactionAsync();
        var backend = await BackendAsync(first);
        var waiting = Task.Run(() => BackendAsync(second));
        await Task.Delay(100);
        Assert.That(waiting.IsCompleted, Is.False);
        await transaction.CommitAsync();

        Assert.That(await waiting.Soon(), Is.EqualTo(backend));
    }

    [Test]
    public async Task KilledBouncerStartsAgain()
    {
        await using var bouncer = new PgBouncer(_server);
        await bouncer.StartAsync();
        var (port, database) = (bouncer.Port, await bouncer.CreateDatabaseAsync());

        await bouncer.KillAsync();
        Assert.That(() => bouncer.ExecuteAsync(Backend, database), Throws.InstanceOf<NpgsqlException>());
        await bouncer.StartAsync();

        Assert.That(bouncer.Port, Is.EqualTo(port));
        Assert.That(await bouncer.ExecuteAsync(Backend, database), Is.Positive);
    }

    [Test]
    public async Task ServerBehindItMayStartAgain()
    {
        await using var bouncer = new PgBouncer(_server);
        await bouncer.StartAsync();
        var database = await bouncer.CreateDatabaseAsync();

        await _server.KillAsync();
        await _server.StartAsync();

        Assert.That(await bouncer.ExecuteAsync(Backend, database), Is.Positive);
    }

    [Test]
    public async Task NothingIsLeftBehind([Values("running", "paused", "stopped", "killed")] string state)
    {
        string home;
        await using (var bouncer = new PgBouncer(_server))
        {
            home = bouncer.Home;
            await bouncer.StartAsync();
            await (state switch
            {
                "paused" => bouncer.PauseAsync(),
                "stopped" => bouncer.StopAsync(),
                "killed" => bouncer.KillAsync(),
                _ => Task.CompletedTask,
            });
        }

        Assert.That(Directory.Exists(home), Is.False);
        Assert.That(Leftovers.ProcessesIn(home), Is.Empty);
    }

    private static async Task<object?> BackendAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Backend, connection);
        return await command.ExecuteScalarAsync();
    }
}
