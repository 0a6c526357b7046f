using System.Data.Common;
using System.Globalization;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>The operations of lock mode, in the transaction of a unit of work.</summary>
internal sealed class LockRows
{
    private static readonly byte[] Nobody = new byte[16];

    // By when a transaction that hangs is ended, after the action has been told to end.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    private readonly IdempotencyRows _rows;
    private readonly LockStatements _sql;

    // Beside the tokens: while a client waits for the answer to what it sent ahead of a command, such as BEGIN, it hears no token.
    private readonly int _timeout;

    public LockRows(Database database, TimeSpan timeout)
    {
        _timeout = (int)Math.Ceiling(timeout.TotalSeconds);
        _rows = database.Rows;
        _sql = new(database.Table, _rows.Sql);
    }

    /// <summary>Takes the lock and looks at the row, in one round trip.</summary>
    public async Task<LockLook> ClaimAsync(
        DbTransaction transaction, RowKey key, TimeSpan? limit, CancellationToken cancellationToken)
    {
        await using var batch = transaction.Connection!.CreateBatch();
        batch.Transaction = transaction;
        batch.Timeout = _timeout;
        var take = batch.CreateBatchCommand();
        take.CommandText = limit is null ? LockStatements.TakeLockWithoutLimit : LockStatements.TakeLock;
        Add(take, "@lock", key.LockNumber);
        if (limit is { } span)
            Add(take, "@limit", ((long)(span + Margin).TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        batch.BatchCommands.Add(take);

        var look = batch.CreateBatchCommand();
        look.CommandText = _sql.Look;
        Add(look, "@scope", key.Scope);
        Add(look, "@id", key.Id);
        Add(look, "@owner", Nobody);
        batch.BatchCommands.Add(look);

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (isLocked, isReadOnly) = (reader.GetBoolean(0), reader.GetBoolean(1));
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(IdempotencyRows.Read(reader), isLocked, isReadOnly);
    }

    /// <returns>False when something else stands in the row.</returns>
    public async Task<bool> TryRecordAsync(
        DbTransaction transaction, RowKey key, byte[] owner, RowLook seen, byte[] record, TimeSpan? retention,
        CancellationToken cancellationToken)
    {
        await using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandTimeout = _timeout;
        command.CommandText = seen.Exists ? _sql.Replace : _sql.Insert;
        Add(command, "@scope", key.Scope);
        Add(command, "@id", key.Id);
        Add(command, "@owner", owner);
        if (seen.Exists)
            Add(command, "@seenOwner", seen.Record is null ? Nobody : seen.Owner);
        Add(command, "@record", record);
        Add(command, "@retention", retention is { } span ? span : DBNull.Value);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    public Task<RowLook> LookAsync(DbTransaction transaction, RowKey key, CancellationToken cancellationToken) =>
        _rows.LookAsync(transaction.Connection!, key, null, cancellationToken);

    private static void Add(DbBatchCommand command, string name, object value) =>
        command.Parameters.Add(Named(command.CreateParameter(), name, value));

    private static void Add(DbCommand command, string name, object value) =>
        command.Parameters.Add(Named(command.CreateParameter(), name, value));

    private static DbParameter Named(DbParameter parameter, string name, object value)
    {
        (parameter.ParameterName, parameter.Value) = (name, value);
        return parameter;
    }
}
