using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Model;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>
/// PostgreSQL: a claim is one statement, which inserts the row or takes it over. A look goes with it, for the case that it did neither.
/// </summary>
internal sealed class PostgresRows : IdempotencyRows
{
    // How the server shows an advisory lock that has one number of 64 bits.
    private const string FindLock = """
        SELECT EXISTS (
            SELECT 1 FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = CAST(@class AS oid) AND objid = CAST(@object AS oid)
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        """;

    private readonly string _claim;
    private readonly string _claimOver;

    public PostgresRows(IdempotencyTable table, TimeSpan timeout)
        : base(table, new PostgresDialect(), timeout)
    {
        _claim = Claim(table, over: false);
        _claimOver = Claim(table, over: true);
    }

    public override async Task<RowLook> ClaimAsync(
        DbConnection connection, RowKey key, RowTerms terms, CancellationToken cancellationToken)
    {
        while (true)
        {
            var look = await TryClaimAsync(connection, key, terms, cancellationToken);
            if (look.Outcome is ClaimOutcome.Acquired)
                return look;

            if (look.IsClaimOf(terms.Owner))
                // The reply to an earlier attempt was lost.
                return Acquired(look, terms, look.Fencing);

            // Otherwise the row became free between the two statements.
            if (!look.CanBeClaimed(terms))
                return look;
        }
    }

    /// <summary>A key without a row may be in flight by its lock.</summary>
    public override async Task<RowLook> WatchAsync(DbConnection connection, RowKey key, CancellationToken cancellationToken)
    {
        var look = await base.WatchAsync(connection, key, cancellationToken);
        if (look.Outcome is not ClaimOutcome.None)
            return look;

        await using var command = Command(connection, FindLock);
        Add(command, "@class", key.LockNumber >>> 32);
        Add(command, "@object", key.LockNumber & uint.MaxValue);
        return await command.ExecuteScalarAsync(cancellationToken) is true ? look with { Outcome = ClaimOutcome.InFlight } : look;
    }

    private async Task<RowLook> TryClaimAsync(DbConnection connection, RowKey key, RowTerms terms, CancellationToken cancellationToken)
    {
        await using var batch = new RowBatch(connection, transaction: null, CommandTimeout);
        batch.Add(
            terms.Over ? _claimOver : _claim,
            ("@scope", key.Scope), ("@id", key.Id), ("@owner", terms.Owner), ("@state", (short)terms.State), ("@lease", terms.Lease),
            ("@block", terms.Block), ("@retention", terms.Retention));
        batch.Add(Sql.Look, ("@scope", key.Scope), ("@id", key.Id), ("@owner", terms.Owner));

        await using var reader = await batch.ReadAsync(cancellationToken);
        if (await reader.ReadAsync(cancellationToken))
        {
            var record = await reader.IsDBNullAsync(1, cancellationToken) ? null : (byte[])reader.GetValue(1);
            return new(ClaimOutcome.Acquired, true, terms.Owner, terms.State, reader.GetInt64(0), record, 0);
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return RowReader.Read(reader);
    }

    private string Claim(IdempotencyTable t, bool over)
    {
        var keeps = over ? $"({Sql.Outcome("r.")}) = {(int)ClaimOutcome.Completed}" : "FALSE";
        return $"""
            INSERT INTO {t.Name} AS r ({Sql.Columns})
            VALUES (@scope, @id, @state, @owner, {Dialect.Microseconds}, {Sql.Later("@lease")}, {Sql.Later("@block")},
                {Sql.Later("@retention")}, NULL)
            ON CONFLICT ({t.Scope}, {t.Id}) DO UPDATE SET
                {t.State} = CASE WHEN {keeps} THEN {(int)RowState.Claimed} ELSE excluded.{t.State} END,
                {t.Owner} = excluded.{t.Owner},
                {t.Fencing} = GREATEST(r.{t.Fencing} + 1, excluded.{t.Fencing}),
                {t.LeaseUntil} = excluded.{t.LeaseUntil},
                {t.BlockedUntil} = excluded.{t.BlockedUntil},
                {t.ExpiresAt} = CASE WHEN {keeps} THEN r.{t.ExpiresAt} ELSE excluded.{t.ExpiresAt} END,
                {t.Record} = CASE WHEN {keeps} THEN r.{t.Record} ELSE NULL END
            WHERE ({Sql.Outcome("r.")}) IN (0{(over ? $", {(int)ClaimOutcome.Completed}" : "")}) AND r.{t.Owner} <> @owner
            RETURNING r.{t.Fencing}, r.{t.Record}
            """;
    }
}
