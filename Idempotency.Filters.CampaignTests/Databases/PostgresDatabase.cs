using Npgsql;

namespace Idempotency.Filters.CampaignTests.Databases;

/// <summary>A PostgreSQL that waits for the disk at each commit, and is killed, paused and restarted.</summary>
internal sealed class PostgresDatabase(PostgresServer server, string connection) : CampaignDatabase
{
    public override string Connection => connection;

    public override IReadOnlyList<DatabaseFault> Faults { get; } =
    [
        new("kill", async pause =>
        {
            await server.KillAsync();
            await Task.Delay(pause);
            await server.StartAsync();
        }),
        new("pause", async pause =>
        {
            await server.PauseAsync();
            await Task.Delay(pause);
            await server.ResumeAsync();
        }),
        new("restart", async pause =>
        {
            await server.StopAsync();
            await Task.Delay(pause);
            await server.StartAsync();
        }),
    ];

    public static async Task<CampaignDatabase> StartAsync()
    {
        var server = new PostgresServer { Durable = true, MaxConnections = 200 };
        try
        {
            await server.StartAsync();
            return new PostgresDatabase(server, await server.CreateDatabaseAsync());
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public override async Task<IReadOnlyList<HistoryEvent>> EffectsAsync()
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand(SelectEffects);
        return await ReadEffectsAsync(command);
    }

    public override ValueTask DisposeAsync() => server.DisposeAsync();
}
