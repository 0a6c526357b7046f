using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Model;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>
/// The operations on rows, each in one to three statements outside a transaction. All may be repeated with the same token after a reply was
/// lost. Here they are those of every database: look, then change the row if it still is as it was seen.
/// </summary>
internal partial class IdempotencyRows(IdempotencyTable table, RowDialect dialect, TimeSpan timeout)
{
    /// <summary>The token of no claim.</summary>
    public static readonly byte[] Nobody = new byte[16];

    public RowStatements Sql { get; } = new(table, dialect);

    protected RowDialect Dialect => dialect;

    // For clients that cannot be cancelled sooner; they count in seconds.
    protected int CommandTimeout { get; } = (int)Math.Ceiling(timeout.TotalSeconds);

    /// <summary>
    /// Claims the key, or says why it cannot be claimed. The result is acquired with the record that the claim was made over.
    /// </summary>
    public virtual async Task<RowLook> ClaimAsync(
        DbConnection connection, RowKey key, RowTerms terms, CancellationToken cancellationToken)
    {
        while (true)
        {
            var look = await LookAsync(connection, key, terms.Owner, cancellationToken);
            if (look.IsClaimOf(terms.Owner))
                // The reply to an earlier attempt was lost.
                return Acquired(look, terms, look.Fencing);

            if (!look.CanBeClaimed(terms))
                return look;

            var fencing = Math.Max(look.Fencing + 1, look.Moment);
            var statement = !look.Exists ? Sql.Insert : look.Outcome == ClaimOutcome.None ? Sql.TakeOver : Sql.ClaimOver;
            if (await TryClaimAsync(connection, statement, key, terms, look, fencing, cancellationToken))
                return Acquired(look, terms, fencing);
        }
    }

    /// <summary>What the row says, with its record if it stands.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="key">The key.</param>
    /// <param name="owner">Whose claim is shown with the record that it was made over; null = nobody's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidDataException">The row is not of this version.</exception>
    public async Task<RowLook> LookAsync(DbConnection connection, RowKey key, byte[]? owner, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, Sql.Look);
        Add(command, key);
        Add(command, "@owner", owner ?? Nobody);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return RowReader.Read(reader);
    }

    /// <summary>For operators: a look that takes a row that is not of this version for a record that nobody can read.</summary>
    public async Task<RowLook> FindAsync(DbConnection connection, RowKey key, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, Sql.Look);
        Add(command, key);
        Add(command, "@owner", Nobody);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return RowReader.ReadForOperators(reader);
    }

    /// <summary>Whether the key is free, and its scope has as many others as it may.</summary>
    public async Task<bool> IsBeyondAsync(DbConnection connection, RowKey key, int limit, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, Sql.CountOthers);
        Add(command, key);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), null) >= limit
            && (await LookAsync(connection, key, null, cancellationToken)).Outcome is ClaimOutcome.None;
    }

    /// <summary>For those who wait: whether the key is still in flight, with its record if it is completed. Takes no lock.</summary>
    public virtual Task<RowLook> WatchAsync(DbConnection connection, RowKey key, CancellationToken cancellationToken) =>
        LookAsync(connection, key, null, cancellationToken);

    public async Task<RenewalAnswer> RenewAsync(DbConnection connection, RowKey key, RowTerms terms, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, Sql.Renew);
        Add(command, key);
        Add(command, "@owner", terms.Owner);
        AddSpan(command, "@lease", terms.Lease);
        AddSpan(command, "@block", terms.Block);
        if (await WriteAsync(command, cancellationToken) > 0)
            return RenewalAnswer.Renewed;

        var look = await LookAsync(connection, key, null, cancellationToken);
        return look.IsRecordOf(terms.Owner) ? RenewalAnswer.Completed : RenewalAnswer.Lost;
    }

    /// <param name="connection">An open connection.</param>
    /// <param name="key">The key.</param>
    /// <param name="owner">The token of the claim.</param>
    /// <param name="record">The record.</param>
    /// <param name="retention">How long to keep it; null = for ever.</param>
    /// <param name="movesExpiry">Whether the end that the row has from the claim is another than the retention says.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<CompletionOutcome> CompleteAsync(
        DbConnection connection, RowKey key, byte[] owner, byte[] record, TimeSpan? retention, bool movesExpiry,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await WriteRecordAsync(movesExpiry ? Sql.CompleteAndMoveExpiry : Sql.Complete))
                return CompletionOutcome.Stored;

            var look = await LookAsync(connection, key, owner, cancellationToken);
            if (look.Exists)
            {
                if (look.IsRecordOf(owner))
                    // A client that counts changed rows found nothing to change: the reply to an earlier attempt was lost.
                    return CompletionOutcome.Stored;
                if (!look.IsClaimOf(owner))
                    return CompletionOutcome.LeaseLost;
            }
            else if (await WriteRecordAsync(Sql.InsertRecord))
            {
                return CompletionOutcome.Restored;
            }
        }

        async Task<bool> WriteRecordAsync(string statement)
        {
            await using var command = Command(connection, statement);
            Add(command, key);
            Add(command, "@owner", owner);
            Add(command, "@record", record);
            if (statement != Sql.Complete)
                AddSpan(command, "@retention", retention);
            return await TryInsertAsync(command, cancellationToken);
        }
    }

    /// <summary>Stores the record in a transaction of the application.</summary>
    /// <returns>False when the claim is over: another has the key, or had it.</returns>
    public async Task<bool> TryCompleteAsync(
        DbTransaction transaction, RowKey key, byte[] owner, byte[] record, TimeSpan? retention, bool movesExpiry,
        CancellationToken cancellationToken)
    {
        await using var command = Command(transaction.Connection!, movesExpiry ? Sql.CompleteAndMoveExpiry : Sql.Complete);
        command.Transaction = transaction;
        Add(command, key);
        Add(command, "@owner", owner);
        Add(command, "@record", record);
        if (movesExpiry)
            AddSpan(command, "@retention", retention);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    /// <summary>Gives the claim up. The record that it was made over stands again.</summary>
    public async Task ReleaseAsync(DbConnection connection, RowKey key, RowTerms terms, CancellationToken cancellationToken)
    {
        string[] statements = terms.Over ? [Sql.ReleaseOver, Sql.Release] : [Sql.Release];
        foreach (var statement in statements)
        {
            await using var command = Command(connection, statement);
            Add(command, key);
            Add(command, "@owner", terms.Owner);
            if (await WriteAsync(command, cancellationToken) > 0)
                return;
        }
    }

    /// <param name="connection">An open connection.</param>
    /// <param name="key">The key.</param>
    /// <param name="seen">What the operator found.</param>
    /// <param name="owner">The token of the resolution, by which a repetition is recognised.</param>
    /// <param name="record">The record; null frees the key.</param>
    /// <param name="retention">How long to keep it; null = for ever.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> ResolveAsync(
        DbConnection connection, RowKey key, (byte[] Owner, RowState State) seen, byte[] owner, byte[]? record, TimeSpan? retention,
        CancellationToken cancellationToken)
    {
        await using (var command = Command(connection, record is null ? Sql.ResolveToFree : Sql.ResolveToRecord))
        {
            Add(command, key);
            Add(command, "@seenOwner", seen.Owner);
            Add(command, "@seenState", (short)seen.State);
            if (record is not null)
            {
                Add(command, "@owner", owner);
                Add(command, "@record", record);
                AddSpan(command, "@retention", retention);
            }

            if (await WriteAsync(command, cancellationToken) > 0)
                return true;
        }

        return record is not null && (await LookAsync(connection, key, null, cancellationToken)).IsRecordOf(owner);
    }

    public async Task<int> ForgetAsync(DbConnection connection, byte[] scope, int limit, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, Sql.Forget);
        Add(command, "@scope", scope);
        Add(command, "@limit", limit);
        return await WriteAsync(command, cancellationToken);
    }

    public async Task<int> CleanUpAsync(DbConnection connection, int limit, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, Sql.CleanUp);
        Add(command, "@limit", limit);
        return await WriteAsync(command, cancellationToken);
    }

    /// <summary>Throws what the database says about a table that is missing, or has not all columns.</summary>
    public async Task<bool> ProbeAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, Sql.Probe);
        await command.ExecuteScalarAsync(cancellationToken);
        return true;
    }

    /// <summary>Runs a statement that writes.</summary>
    /// <returns>How many rows it changed.</returns>
    protected virtual Task<int> WriteAsync(DbCommand command, CancellationToken cancellationToken) =>
        command.ExecuteNonQueryAsync(cancellationToken);

    protected DbCommand Command(DbConnection connection, string statement)
    {
        var command = connection.CreateCommand();
        command.CommandText = statement;
        command.CommandTimeout = CommandTimeout;
        dialect.Complete(command);
        return command;
    }

    protected static void Add(DbCommand command, RowKey key)
    {
        Add(command, "@scope", key.Scope);
        Add(command, "@id", key.Id);
    }

    protected static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }

    protected void AddSpan(DbCommand command, string name, TimeSpan? span)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        dialect.SetSpan(parameter, span);
        command.Parameters.Add(parameter);
    }

    /// <summary>What the claim was made over is its record only if it stood; one that is over is replaced with the claim.</summary>
    protected static RowLook Acquired(RowLook look, RowTerms terms, long fencing) => look with
    {
        Outcome = ClaimOutcome.Acquired,
        Owner = terms.Owner,
        Fencing = fencing,
        Record = terms.Over ? look.Record : null,
    };

    private async Task<bool> TryClaimAsync(
        DbConnection connection, string statement, RowKey key, RowTerms terms, RowLook look, long fencing,
        CancellationToken cancellationToken)
    {
        await using var command = Command(connection, statement);
        Add(command, key);
        Add(command, "@owner", terms.Owner);
        Add(command, "@fencing", fencing);
        AddSpan(command, "@lease", terms.Lease);
        if (look.Exists)
        {
            Add(command, "@seenOwner", look.Owner);
            Add(command, "@seenState", (short)look.State);
        }

        if (statement != Sql.ClaimOver)
        {
            Add(command, "@state", (short)terms.State);
            AddSpan(command, "@block", terms.Block);
            AddSpan(command, "@retention", terms.Retention);
        }

        return await TryInsertAsync(command, cancellationToken);
    }

    /// <returns>False when nothing was changed, or another process was faster.</returns>
    private async Task<bool> TryInsertAsync(DbCommand command, CancellationToken cancellationToken)
    {
        try
        {
            return await WriteAsync(command, cancellationToken) > 0;
        }
        catch (DbException exception) when (DatabaseErrors.IsUniqueViolation(exception))
        {
            return false;
        }
    }
}
