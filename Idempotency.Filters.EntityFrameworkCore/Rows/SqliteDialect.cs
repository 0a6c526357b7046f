using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Model;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>
/// SQLite. Its clock is that of this machine, as for every process that writes the file; taken here, it has microseconds in all versions.
/// </summary>
internal sealed class SqliteDialect : RowDialect
{
    public override string Now => "@now";

    public override string InsertIfAbsent(string table, string columns, string values, string condition) =>
        $"INSERT INTO {table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING";

    public override string DeleteSome(IdempotencyTable table, string condition) =>
        $"DELETE FROM {table.Name} WHERE rowid IN (SELECT rowid FROM {table.Name} WHERE {condition} LIMIT @limit)";

    public override void Complete(DbCommand command)
    {
        var now = command.CreateParameter();
        now.ParameterName = "@now";
        now.Value = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        command.Parameters.Add(now);
    }
}
