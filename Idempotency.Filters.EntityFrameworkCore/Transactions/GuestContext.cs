using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>A further context of the request that takes part in its transaction, on the connection of the first.</summary>
internal sealed class GuestContext(DbContext context)
{
    private string? _connectionString;
    private bool _isIn;

    public DbContext Context => context;

    /// <exception cref="IdempotencyUnitOfWorkException">It cannot work on the connection of the first.</exception>
    public async Task JoinAsync(DbTransaction transaction)
    {
        try
        {
            Check(context.Database.GetDbConnection(), transaction.Connection!);
            await MoveAsync(transaction);
        }
        catch (Exception exception) when (exception is InvalidOperationException or InvalidCastException or ArgumentException)
        {
            var name = context.GetType().Name;
            throw new IdempotencyUnitOfWorkException(
                $"{name} cannot take part in the transaction: {exception.Message} With<{name}>() needs the same database and provider "
                + "as the context of the store, and no open connection or transaction.",
                exception);
        }
    }

    /// <summary>Gives the context its own way to connect back.</summary>
    public async Task LeaveAsync()
    {
        if (!_isIn)
            return;

        _isIn = false;
        await context.Database.UseTransactionAsync(null);
        context.Database.SetDbConnection(null, contextOwnsConnection: true);
        if (_connectionString is not null)
            context.Database.SetConnectionString(_connectionString);
    }

    // It would write to the database of the first, whatever its own is.
    private static void Check(DbConnection own, DbConnection first)
    {
        if ((own.Database, own.DataSource) != (first.Database, first.DataSource))
        {
            throw new InvalidOperationException(
                $"its database is {own.Database} on {own.DataSource}, and that of the store is {first.Database} on {first.DataSource}.");
        }
    }

    private async Task MoveAsync(DbTransaction transaction)
    {
        // A data source stays with the context, and shows its connection string without the password.
        _connectionString = DatabaseSource.DataSourceOf(context) is null ? context.Database.GetConnectionString() : null;
        context.Database.SetDbConnection(transaction.Connection, contextOwnsConnection: false);
        _isIn = true;
        await context.Database.UseTransactionAsync(transaction);
    }
}
