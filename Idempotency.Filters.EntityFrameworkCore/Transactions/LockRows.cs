using System.Data.Common;
using System.Globalization;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>The operations of lock mode, in the transaction of a unit of work.</summary>
internal sealed class LockRows
{
    // By when a transaction that hangs is ended, after the action has been told to end.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    private readonly LockStatements _sql;

    // Beside the tokens: while a client waits for the answer to what it sent ahead of a command, such as BEGIN, it hears no token.
    private readonly int _timeout;

    public LockRows(Database database, TimeSpan timeout)
    {
        _timeout = (int)Math.Ceiling(timeout.TotalSeconds);
        _sql = new(database.Table, database.Rows.Sql);
    }

    /// <summary>Takes the lock and looks at the row, in one round trip.</summary>
    public async Task<LockLook> ClaimAsync(
        DbTransaction transaction, RowKey key, TimeSpan? limit, CancellationToken cancellationToken)
    {
        await using var batch = new RowBatch(transaction.Connection!, transaction, _timeout);
        if (limit is { } span)
            batch.Add(LockStatements.TakeLock, ("@lock", key.LockNumber), ("@limit", Milliseconds(span + Margin)));
        else
            batch.Add(LockStatements.TakeLockWithoutLimit, ("@lock", key.LockNumber));
        batch.Add(_sql.Look, ("@scope", key.Scope), ("@id", key.Id), ("@owner", IdempotencyRows.Nobody));

        await using var reader = await batch.ReadAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (isLocked, isReadOnly) = (reader.GetBoolean(0), reader.GetBoolean(1));
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(RowReader.Read(reader), isLocked, isReadOnly);
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
            Add(command, "@seenOwner", seen.Record is null ? IdempotencyRows.Nobody : seen.Owner);
        Add(command, "@record", record);
        Add(command, "@retention", retention is { } span ? span : DBNull.Value);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    // The server counts in 32 bits.
    private static string Milliseconds(TimeSpan span) =>
        ((int)Math.Min(span.TotalMilliseconds, int.MaxValue)).ToString(CultureInfo.InvariantCulture);

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }
}
