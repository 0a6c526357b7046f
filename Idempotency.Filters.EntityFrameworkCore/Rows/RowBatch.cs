using System.Data.Common;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>Statements that go to PostgreSQL in one round trip. Without a transaction they are one.</summary>
internal sealed class RowBatch : IAsyncDisposable
{
    private readonly DbBatch _batch;

    /// <param name="connection">An open connection.</param>
    /// <param name="transaction">Its transaction, if it has one.</param>
    /// <param name="timeout">When a client that cannot be cancelled gives up, in seconds.</param>
    public RowBatch(DbConnection connection, DbTransaction? transaction, int timeout)
    {
        _batch = connection.CreateBatch();
        (_batch.Transaction, _batch.Timeout) = (transaction, timeout);
    }

    /// <param name="statement">A statement.</param>
    /// <param name="parameters">Its parameters; null is the null of the database.</param>
    public void Add(string statement, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = _batch.CreateBatchCommand();
        command.CommandText = statement;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }

        _batch.BatchCommands.Add(command);
    }

    public Task<DbDataReader> ReadAsync(CancellationToken cancellationToken) => _batch.ExecuteReaderAsync(cancellationToken);

    public ValueTask DisposeAsync() => _batch.DisposeAsync();
}
