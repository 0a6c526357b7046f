using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Model;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>
/// Where the statements of databases differ. By default moments are microseconds since 1970, and <see cref="Now"/> is one of them.
/// </summary>
internal abstract class RowDialect
{
    /// <summary>The time, by the clock of the database. The same wherever a statement names it.</summary>
    public abstract string Now { get; }

    /// <summary>The time in microseconds since 1970.</summary>
    public virtual string Microseconds => Now;

    /// <summary>No record, in a type that the column takes.</summary>
    public virtual string NullRecord => "NULL";

    public virtual string Later(string span) => $"COALESCE({Now} + {span}, {long.MaxValue})";

    /// <summary>A statement that changes one row if there is none under the condition, and none otherwise.</summary>
    public abstract string InsertIfAbsent(string table, string columns, string values, string condition);

    /// <summary>A statement that removes at most <c>@limit</c> rows, and waits for none that another process holds where it can.</summary>
    public abstract string DeleteSome(IdempotencyTable table, string condition);

    /// <summary>A moment of a column in microseconds since 1970; the largest number for one that never comes.</summary>
    public virtual string MicrosecondsOf(string column) => column;

    /// <summary>Whether a row lies behind another, in the order of its two columns.</summary>
    public virtual string IsBehind(string first, string second, string thanFirst, string thanSecond) =>
        $"{first} >= {thanFirst} AND ({first}, {second}) > ({thanFirst}, {thanSecond})";

    /// <summary>The end of a query that returns at most <c>@limit</c> rows, in an order.</summary>
    public virtual string InPages(string order) => $"ORDER BY {order} LIMIT @limit";

    public virtual void SetSpan(DbParameter parameter, TimeSpan? span)
    {
        parameter.DbType = System.Data.DbType.Int64;
        parameter.Value = span is { } length ? length.Ticks / TimeSpan.TicksPerMicrosecond : DBNull.Value;
    }

    /// <summary>Adds what every statement needs.</summary>
    public virtual void Complete(DbCommand command)
    {
    }
}
