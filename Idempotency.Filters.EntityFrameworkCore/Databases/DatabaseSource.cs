using System.Collections.Concurrent;
using Idempotency.Filters.EntityFrameworkCore.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Idempotency.Filters.EntityFrameworkCore.Databases;

/// <summary>The databases of one store: one, or one for each tenant, whose schemas of one database count as several.</summary>
internal abstract class DatabaseSource
{
    private readonly ConcurrentDictionary<DatabaseName, Lazy<Database>> _known = new();

    /// <summary>Every database that was used since the start.</summary>
    public IEnumerable<Database> Known => _known.Values.Select(database => database.Value);

    /// <summary>Whether the application has a context, in whose transaction a record can be.</summary>
    public virtual bool HasContext => false;

    /// <summary>The database of a request.</summary>
    /// <param name="requestServices">The services of the request; null = outside a request.</param>
    /// <exception cref="InvalidOperationException">The store cannot work with what the context is configured for.</exception>
    /// <exception cref="NoTenantException">Outside a request, the application makes no context.</exception>
    public abstract Database Of(IServiceProvider? requestServices);

    /// <summary>The context of the application, in whose transaction a record can be; null = it has none.</summary>
    /// <param name="requestServices">The services of the request.</param>
    public virtual DbContext? ContextIn(IServiceProvider requestServices) => null;

    /// <summary>The data source that a context is configured with; null = none.</summary>
    public static object? DataSourceOf(DbContext context) =>
        DataSourceOf(RelationalOptionsExtension.Extract(context.GetService<IDbContextOptions>()));

    /// <param name="context">A context as it is configured for one request.</param>
    /// <param name="open">Makes what the store needs for a database that it meets for the first time.</param>
    protected Database Of(DbContext context, Func<DbContext, Database> open)
    {
        var provider = RelationalOptionsExtension.Extract(context.GetService<IDbContextOptions>());
        var row = context.Model.FindEntityType(typeof(IdempotencyRow));
        var name = new DatabaseName(
            provider.Connection is null ? context.Database.GetConnectionString() : null,
            DataSourceOf(provider),
            row?.GetSchema(),
            row?.GetTableName());
        var database = _known.GetOrAdd(name, _ => new(() => open(context)));
        try
        {
            return database.Value;
        }
        catch
        {
            // A mistake in a configuration that is corrected while the application runs must not last.
            _known.TryRemove(new(name, database));
            throw;
        }
    }

    // Of Npgsql, for instance: each has a pool, and credentials, of its own. The package refers to no client.
    private static object? DataSourceOf(RelationalOptionsExtension provider) =>
        provider.GetType().GetProperty("DataSource")?.GetValue(provider);

    private readonly record struct DatabaseName(string? ConnectionString, object? DataSource, string? Schema, string? Table);
}
