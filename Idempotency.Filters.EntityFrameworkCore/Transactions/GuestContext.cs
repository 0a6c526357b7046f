using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>A further context of the request that takes part in its transaction, on the connection of the first.</summary>
internal sealed class GuestContext(DbContext context)
{
    private string? _connectionString;
    private bool _isIn;

    public DbContext Context => context;

    public async Task JoinAsync(DbTransaction transaction)
    {
        _connectionString = context.Database.GetConnectionString();
        context.Database.SetDbConnection(transaction.Connection, contextOwnsConnection: false);
        _isIn = true;
        await context.Database.UseTransactionAsync(transaction);
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
}
