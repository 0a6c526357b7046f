using Idempotency.Filters.EntityFrameworkCore.Model;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>SQL Server.</summary>
internal sealed class SqlServerDialect : RowDialect
{
    public override string Now => "DATEDIFF_BIG(microsecond, '1970-01-01', SYSUTCDATETIME())";

    public override string NullRecord => "CAST(NULL AS varbinary(max))";

    public override string IsBehind(string first, string second, string thanFirst, string thanSecond) =>
        $"{first} >= {thanFirst} AND ({first} > {thanFirst} OR {second} > {thanSecond})";

    public override string InPages(string order) => $"ORDER BY {order} OFFSET 0 ROWS FETCH NEXT @limit ROWS ONLY";

    public override string InsertIfAbsent(string table, string columns, string values, string condition) =>
        $"INSERT INTO {table} ({columns}) SELECT {values} WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {condition})";

    public override string DeleteSome(IdempotencyTable table, string condition) =>
        $"DELETE TOP (@limit) FROM {table.Name} WITH (READPAST) WHERE {condition}";
}
