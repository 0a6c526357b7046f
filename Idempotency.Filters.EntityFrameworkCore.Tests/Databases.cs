namespace Idempotency.Filters.EntityFrameworkCore.Tests;

/// <summary>A fresh database for each test, on servers that the tests share. A server starts when the first test asks for it.</summary>
internal static class Databases
{
    private static readonly Lazy<Task<PostgresServer>> Postgres = new(() => StartAsync(new PostgresServer { MaxConnections = 500 }));
    private static readonly Lazy<Task<MariaDbServer>> MariaDb = new(() => StartAsync(new MariaDbServer { MaxConnections = 500 }));

    /// <returns>The connection string of a new database.</returns>
    public static async Task<string> PostgresAsync() => await (await Postgres.Value).CreateDatabaseAsync();

    /// <returns>The connection string of a new database.</returns>
    public static async Task<string> MariaDbAsync() => await (await MariaDb.Value).CreateDatabaseAsync();

    /// <summary>Call this at the end of a run.</summary>
    public static async Task StopAsync()
    {
        await StopAsync(Postgres);
        await StopAsync(MariaDb);
    }

    private static async Task<TServer> StartAsync<TServer>(TServer server)
        where TServer : DatabaseServer
    {
        try
        {
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private static async Task StopAsync<TServer>(Lazy<Task<TServer>> server)
        where TServer : DatabaseServer
    {
        if (server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await server.Value).DisposeAsync();
    }
}
