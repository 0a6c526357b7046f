using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>Tests of shops on PostgreSQL. What a test starts ends with it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal abstract class ShopTests
{
    private readonly Stack<IAsyncDisposable> _started = [];

    [TearDown]
    public async Task DisposeStartedAsync()
    {
        while (_started.TryPop(out var part))
            await part.DisposeAsync();
    }

    /// <summary>Starts a shop. Its errors are texts, and its contexts are pooled and retry.</summary>
    protected async Task<ShopApp> StartAsync(
        string database, ShopHost host = ShopHost.Mvc, ClaimMode mode = ClaimMode.Lock, Action<EntityFrameworkStoreOptions>? store = null,
        Action<IdempotencyOptions>? policy = null, Action<IServiceCollection>? services = null, Action<WebApplication>? pipeline = null)
    {
        void ChooseMode(EntityFrameworkStoreOptions options) => options.Claim = mode;
        return Own(await ShopApp.StartAsync(
            host, o => o.UseNpgsql(database, npgsql => npgsql.EnableRetryOnFailure()),
            (Action<EntityFrameworkStoreOptions>)ChooseMode + store, policy, services,
            (Action<WebApplication>)Answers.ShowErrors + pipeline));
    }

    /// <summary>A server that the test may kill.</summary>
    protected async Task<PostgresServer> ServerAsync()
    {
        var server = Own(new PostgresServer());
        await server.StartAsync();
        return server;
    }

    /// <summary>Disposes a part at the end of the test, before what was started earlier.</summary>
    protected T Own<T>(T part)
        where T : IAsyncDisposable
    {
        _started.Push(part);
        return part;
    }

    /// <summary>Runs a command on a connection of its own.</summary>
    /// <returns>The first column of the first row.</returns>
    protected static async Task<object?> ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>How many transactions are open in a database, without the one that asks.</summary>
    protected static async Task<long> TransactionsAsync(string database) => (long)(await ExecuteAsync(
        database,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid() "
        + "AND backend_type = 'client backend'"))!;
}
