using Idempotency.Filters.EntityFrameworkCore.Model;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>MySQL and MariaDB.</summary>
internal sealed class MySqlDialect : RowDialect
{
    public override string Now => "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))";

    // IGNORE turns the violation of the unique index into a warning. A duplicate that waits for another's insert is refused a lock at most.
    public override string InsertIfAbsent(string table, string columns, string values, string condition) =>
        $"INSERT IGNORE INTO {table} ({columns}) VALUES ({values})";

    public override string DeleteSome(IdempotencyTable table, string condition) =>
        $"DELETE FROM {table.Name} WHERE {condition} LIMIT @limit";
}
