using Idempotency.Filters.EntityFrameworkCore.Model;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>The statements of lock mode, on PostgreSQL.</summary>
internal sealed class LockStatements
{
    public LockStatements(IdempotencyTable t, RowStatements rows)
    {
        var dialect = new PostgresDialect();
        Look = rows.Look;
        Insert = rows.InsertRecord;
        Replace = $"""
            INSERT INTO {t.Name} AS r ({rows.Columns})
            VALUES (@scope, @id, {(int)RowState.Completed}, @owner, {dialect.Microseconds}, {dialect.Now}, {dialect.Now},
                {rows.Later("@retention")}, @record)
            ON CONFLICT ({t.Scope}, {t.Id}) DO UPDATE SET
                {t.State} = excluded.{t.State},
                {t.Owner} = excluded.{t.Owner},
                {t.Fencing} = GREATEST(r.{t.Fencing} + 1, excluded.{t.Fencing}),
                {t.LeaseUntil} = excluded.{t.LeaseUntil},
                {t.BlockedUntil} = excluded.{t.BlockedUntil},
                {t.ExpiresAt} = excluded.{t.ExpiresAt},
                {t.Record} = excluded.{t.Record}
            WHERE ({rows.Outcome("r.")}) = 0
                OR (r.{t.Owner} = @seenOwner AND ({rows.Outcome("r.")}) = {(int)ClaimOutcome.Completed})
            """;
    }

    /// <summary>
    /// Takes the lock of a key if nobody has it, says whether the database takes no writes, and lets the server end a transaction that
    /// hangs. It is a statement of its own, before <see cref="Look"/>: one statement would look with a snapshot that is older than the
    /// lock, and not see what the holder committed.
    /// </summary>
    public const string TakeLock = """
        SELECT pg_try_advisory_xact_lock(@lock), current_setting('transaction_read_only') = 'on',
            set_config('statement_timeout', @limit, true), set_config('idle_in_transaction_session_timeout', @limit, true)
        """;

    public const string TakeLockWithoutLimit =
        "SELECT pg_try_advisory_xact_lock(@lock), current_setting('transaction_read_only') = 'on'";

    public string Look { get; }

    /// <summary>Stores the record where there is no row.</summary>
    public string Insert { get; }

    /// <summary>Stores the record, where nothing stands in the row but what the claim saw.</summary>
    public string Replace { get; }
}
