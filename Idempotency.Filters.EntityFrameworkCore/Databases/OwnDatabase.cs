using Idempotency.Filters.EntityFrameworkCore.Model;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace Idempotency.Filters.EntityFrameworkCore.Databases;

/// <summary>One database with a table of ours, which is created when it is missing.</summary>
internal sealed class OwnDatabase : DatabaseSource
{
    private readonly DbContextOptions<OwnContext> _context;
    private readonly IServiceProvider _services;
    private readonly EntityFrameworkStoreOptions _options;

    public OwnDatabase(IServiceProvider services, EntityFrameworkStoreOptions options, Action<DbContextOptionsBuilder> configure)
    {
        var builder = new DbContextOptionsBuilder<OwnContext>();
        builder.UseApplicationServiceProvider(services);
        configure(builder);
        _context = builder.ReplaceService<IModelCacheKeyFactory, OwnModelKey>().Options;
        (_services, _options) = (services, options);
    }

    public override Database Of(IServiceProvider? requestServices)
    {
        using var context = NewContext();
        return Of(context, opened => new(opened, _services, _options.OperationTimeout, CreateAsync));
    }

    private OwnContext NewContext() => new(_context, _options.Table, _options.Schema);

    /// <summary>Also in a database that has other tables, where Entity Framework by itself would create none.</summary>
    private async Task CreateAsync()
    {
        await using var context = NewContext();
        var creator = context.GetService<IRelationalDatabaseCreator>();
        if (!await creator.ExistsAsync())
            await creator.CreateAsync();
        if (await HasTableAsync(context))
            return;

        try
        {
            await creator.CreateTablesAsync();
            // Records are compressed and encrypted before they come here, if at all: to try it again is in vain.
            if (RowsFactory.IsPostgres(context.Database.ProviderName))
            {
                var table = IdempotencyTable.In(context)!;
                var alteration = $"ALTER TABLE {table.Name} ALTER COLUMN {table.Record} SET STORAGE EXTERNAL";
                await context.Database.ExecuteSqlRawAsync(alteration);
            }
        }
        catch (System.Data.Common.DbException)
        {
            // Another process was faster.
            if (!await HasTableAsync(context))
                throw;
        }
    }

    // Not by a query of Entity Framework: it would log an error, with its stack, when an application starts for the first time.
    private static async Task<bool> HasTableAsync(OwnContext context)
    {
        var table = IdempotencyTable.In(context)!;
        await context.Database.OpenConnectionAsync();
        try
        {
            await using var command = context.Database.GetDbConnection().CreateCommand();
            command.CommandText = $"SELECT {table.Fencing} FROM {table.Name} WHERE 1 = 0";
            await command.ExecuteScalarAsync();
            return true;
        }
        catch (System.Data.Common.DbException exception) when (DatabaseErrors.IsMissing(exception))
        {
            return false;
        }
        finally
        {
            await context.Database.CloseConnectionAsync();
        }
    }
}
