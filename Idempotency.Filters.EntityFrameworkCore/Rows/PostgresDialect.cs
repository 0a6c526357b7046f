using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Model;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>
/// PostgreSQL. <c>statement_timestamp()</c> is one moment in the whole statement, in and outside a transaction. A statement that waits
/// for a row judges leases by the time before its wait, so it takes none over too early.
/// </summary>
internal sealed class PostgresDialect : RowDialect
{
    public override string Now => "statement_timestamp()";

    public override string Microseconds => $"CAST(EXTRACT(EPOCH FROM {Now}) * 1000000 AS bigint)";

    public override string Later(string span) => $"COALESCE({Now} + CAST({span} AS interval), 'infinity')";

    // The last years of the type do not fit into the number.
    public override string MicrosecondsOf(string column) =>
        $"CASE WHEN isfinite({column}) AND {column} < timestamptz '100000-01-01 00:00:00+00' "
        + $"THEN CAST(EXTRACT(EPOCH FROM {column}) * 1000000 AS bigint) ELSE {long.MaxValue} END";

    public override string InsertIfAbsent(string table, string columns, string values, string condition) =>
        $"INSERT INTO {table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING";

    public override string DeleteSome(IdempotencyTable table, string condition) => $"""
        WITH doomed AS MATERIALIZED (SELECT ctid FROM {table.Name} WHERE {condition} LIMIT @limit FOR UPDATE SKIP LOCKED)
        DELETE FROM {table.Name} USING doomed WHERE {table.Name}.ctid = doomed.ctid
        """;

    public override void SetSpan(DbParameter parameter, TimeSpan? span) => parameter.Value = span is { } length ? length : DBNull.Value;
}
