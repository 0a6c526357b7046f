using Idempotency.Filters.EntityFrameworkCore.Model;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>
/// The statements of row mode, with the names of one table and the clock of one database. A claim may change a row under a condition
/// alone, so of two processes one changes it.
/// </summary>
internal sealed class RowStatements
{
    // The numbers of ClaimOutcome, with 0 for a free key, and one for what this version cannot read.
    private const int InFlight = 2;
    private const int Completed = 3;
    private const int Interrupted = 4;
    public const int Unreadable = 9;

    // A fencing token is a moment in microseconds, or a little more. What is beyond was written by another hand, and would overflow.
    private const long LargestFencing = 1L << 62;

    private readonly IdempotencyTable _table;
    private readonly RowDialect _sql;

    public RowStatements(IdempotencyTable table, RowDialect dialect)
    {
        _table = table;
        _sql = dialect;
        var (now, t) = (dialect.Now, table);
        var own = $"{t.Scope} = @scope AND {t.Id} = @id";
        var mine = $"{own} AND {t.Owner} = @owner";
        var open = $"{mine} AND {t.State} <> {(int)RowState.Completed}";
        var seen = $"{own} AND {t.Owner} = @seenOwner AND {t.State} = @seenState";
        Columns = $"{t.Scope}, {t.Id}, {t.State}, {t.Owner}, {t.Fencing}, {t.LeaseUntil}, {t.BlockedUntil}, {t.ExpiresAt}, {t.Record}";

        Probe = $"SELECT {Columns} FROM {t.Name} WHERE 1 = 0";
        Look = $"""
            SELECT {dialect.Microseconds}, {Outcome("r.")}, r.{t.Owner}, r.{t.State}, r.{t.Fencing},
                CASE WHEN r.{t.State} = {(int)RowState.Completed} OR r.{t.LeaseUntil} <= {now} OR r.{t.Owner} = @owner THEN r.{t.Record} END
            FROM (SELECT 1 AS one) o LEFT JOIN {t.Name} r ON r.{t.Scope} = @scope AND r.{t.Id} = @id
            """;
        Insert = dialect.InsertIfAbsent(
            t.Name,
            Columns,
            $"@scope, @id, @state, @owner, @fencing, {Later("@lease")}, {Later("@block")}, {Later("@retention")}, {dialect.NullRecord}",
            own);
        InsertRecord = dialect.InsertIfAbsent(
            t.Name,
            Columns,
            $"@scope, @id, {(int)RowState.Completed}, @owner, {dialect.Microseconds}, {now}, {now}, {Later("@retention")}, @record",
            own);
        TakeOver = $"""
            UPDATE {t.Name} SET {t.State} = @state, {t.Owner} = @owner, {t.Fencing} = @fencing, {t.LeaseUntil} = {Later("@lease")},
                {t.BlockedUntil} = {Later("@block")}, {t.ExpiresAt} = {Later("@retention")}, {t.Record} = {dialect.NullRecord}
            WHERE {seen} AND {Outcome("")} = 0
            """;
        ClaimOver = $"""
            UPDATE {t.Name} SET {t.State} = {(int)RowState.Claimed}, {t.Owner} = @owner, {t.Fencing} = @fencing,
                {t.LeaseUntil} = {Later("@lease")}
            WHERE {seen} AND {Outcome("")} = {Completed}
            """;
        Renew = $"""
            UPDATE {t.Name} SET {t.LeaseUntil} = {Later("@lease")}, {t.BlockedUntil} = {Later("@block")}
            WHERE {open}
            """;
        Complete = $"UPDATE {t.Name} SET {t.State} = {(int)RowState.Completed}, {t.Record} = @record WHERE {open}";
        CompleteAndMoveExpiry = $"""
            UPDATE {t.Name} SET {t.State} = {(int)RowState.Completed}, {t.Record} = @record, {t.ExpiresAt} = {Later("@retention")}
            WHERE {open}
            """;
        Release = $"DELETE FROM {t.Name} WHERE {open} AND {t.Record} IS NULL";
        ReleaseOver = $"""
            UPDATE {t.Name} SET {t.State} = {(int)RowState.Completed}
            WHERE {open} AND {t.Record} IS NOT NULL
            """;
        ResolveToRecord = $"""
            UPDATE {t.Name} SET {t.Owner} = @owner, {t.Fencing} = {NextFencing}, {t.ExpiresAt} = {Later("@retention")},
                {t.Record} = @record, {t.State} = {(int)RowState.Completed}
            WHERE {seen} AND {Outcome("")} IN ({Completed}, {Interrupted}, {Unreadable})
            """;
        ResolveToFree = $"DELETE FROM {t.Name} WHERE {seen} AND {Outcome("")} IN ({Completed}, {Interrupted}, {Unreadable})";
        CountOthers = $"SELECT COUNT(*) FROM {t.Name} WHERE {t.Scope} = @scope AND {t.Id} <> @id AND {Outcome("")} <> 0";
        Forget = dialect.DeleteSome(t, $"{t.Scope} = @scope AND {Outcome("")} IN ({Completed}, {Interrupted}, {Unreadable})");
        // The record of a key that is not asked for stays where it is.
        var listed = $"""
            SELECT {dialect.Microseconds}, {Outcome("r.")}, r.{t.Owner}, r.{t.State}, r.{t.Fencing},
                CASE WHEN {Outcome("r.")} = {Completed} AND @length > 0 THEN SUBSTRING(r.{t.Record}, 1, @length) END,
                r.{t.Scope}, r.{t.Id}, {dialect.MicrosecondsOf($"r.{t.LeaseUntil}")}, {dialect.MicrosecondsOf($"r.{t.BlockedUntil}")},
                {dialect.MicrosecondsOf($"r.{t.ExpiresAt}")}
            FROM {t.Name} r
            """;
        var isBehind = dialect.IsBehind($"r.{t.Scope}", $"r.{t.Id}", "@scope", "@id");
        ListPage = $"{listed} WHERE {isBehind} {dialect.InPages($"r.{t.Scope}, r.{t.Id}")}";
        ListOne = $"{listed} WHERE r.{t.Scope} = @scope AND r.{t.Id} = @id";
        CleanUp = dialect.DeleteSome(t, $"{t.ExpiresAt} <= {now} AND {Outcome("")} = 0");
    }

    public string Columns { get; }

    /// <summary>Fails when the table, or a column, is missing.</summary>
    public string Probe { get; }

    /// <summary>
    /// One row, of which all but the time is null when the key has none. The record may be over: to judge it here, too, would cost a
    /// database that prepares no statements more than the rest of the statement.
    /// </summary>
    public string Look { get; }

    /// <summary>Claims a key without a row.</summary>
    public string Insert { get; }

    /// <summary>Stores a record where there is no row.</summary>
    public string InsertRecord { get; }

    /// <summary>Claims a key whose row is over, if it still is as it was seen.</summary>
    public string TakeOver { get; }

    /// <summary>Claims a key over its record, if that still is as it was seen.</summary>
    public string ClaimOver { get; }

    public string Renew { get; }

    public string Complete { get; }

    public string CompleteAndMoveExpiry { get; }

    /// <summary>Gives up a claim that was not made over a record.</summary>
    public string Release { get; }

    /// <summary>Gives up a claim that was made over a record, which stands again.</summary>
    public string ReleaseOver { get; }

    public string ResolveToRecord { get; }

    public string ResolveToFree { get; }

    /// <summary>How many other keys of its scope are not free.</summary>
    public string CountOthers { get; }

    /// <summary>Removes at most <c>@limit</c> keys of a scope.</summary>
    public string Forget { get; }

    /// <summary>At most <c>@limit</c> rows behind a key, each with the first <c>@length</c> bytes of its record.</summary>
    public string ListPage { get; }

    /// <summary>One row as <see cref="ListPage"/> shows it.</summary>
    public string ListOne { get; }

    /// <summary>Removes at most <c>@limit</c> rows that are over.</summary>
    public string CleanUp { get; }

    /// <summary>The moment that a span after now is; that which never comes for a span of null.</summary>
    public string Later(string span) => _sql.Later(span);

    /// <summary>A fencing token that is greater than that of the row; than one that nobody can read, perhaps not.</summary>
    private string NextFencing =>
        $"CASE WHEN {_table.Fencing} BETWEEN 0 AND {LargestFencing} THEN {_table.Fencing} + 1 ELSE {_sql.Microseconds} END";

    /// <summary>
    /// What the row says now. The record of a claim is that which the claim was made over: it stands again whenever the claim is over, and
    /// then no outcome is unknown.
    /// </summary>
    /// <param name="prefix">The alias of the table and a dot, or nothing.</param>
    public string Outcome(string prefix)
    {
        var (p, t, now) = (prefix, _table, _sql.Now);
        return $"""
            CASE WHEN {p}{t.State} NOT IN (1, 2, 3) OR NOT {p}{t.Fencing} BETWEEN 0 AND {LargestFencing} THEN {Unreadable}
                WHEN {p}{t.State} <> 2 AND {p}{t.LeaseUntil} > {now} THEN {InFlight}
                WHEN {p}{t.State} = 2 AND {p}{t.Record} IS NULL AND {p}{t.ExpiresAt} > {now} THEN {Unreadable}
                WHEN ({p}{t.State} = 2 OR {p}{t.Record} IS NOT NULL) AND {p}{t.ExpiresAt} > {now} THEN {Completed}
                WHEN {p}{t.State} = 3 AND {p}{t.Record} IS NULL AND {p}{t.BlockedUntil} > {now} THEN {Interrupted}
                ELSE 0 END
            """;
    }
}
