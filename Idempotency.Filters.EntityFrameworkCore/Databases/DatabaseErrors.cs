using System.Data.Common;

namespace Idempotency.Filters.EntityFrameworkCore.Databases;

/// <summary>
/// What the errors of databases mean. Clients give an SQLSTATE (PostgreSQL), or a number of their own (MySQL, SQL Server, SQLite), which is
/// read by its name, since the package refers to no client.
/// </summary>
internal static class DatabaseErrors
{
    // Their SQLSTATE says less than the number.
    private const string MySql = "MySql";
    private const string SqlServer = "SqlClient";
    private const string Sqlite = "Sqlite";

    /// <summary>The database is down, starting, failing over, read-only, or too slow: a later attempt may succeed.</summary>
    public static bool IsUnreachable(Exception exception) => !IsFull(exception) && !IsConflict(exception)
        && Causes(exception).Any(cause => cause switch
        {
            TimeoutException => true,
            IOException or System.Net.Sockets.SocketException => true,
            DbException error => IsUnreachableError(error),
            _ => false,
        });

    /// <summary>The database rolled back, because of a concurrent transaction. The same may succeed at once.</summary>
    public static bool IsConflict(Exception exception) => Errors(exception).Any(error => Kind(error) switch
    {
        // A deadlock; a row that has changed since the snapshot (MariaDB).
        MySql => Number(error) is 1213 or 1020,
        SqlServer => Number(error) is 1205 or 3960,
        // A reader that wants to write, after another wrote.
        Sqlite => ExtendedSqlite(error) is 517,
        _ => error.SqlState is "40001" or "40P01",
    });

    /// <summary>A conflict that has ended the whole transaction, so that a later command would be committed by itself.</summary>
    public static bool EndsTransaction(Exception exception) =>
        IsConflict(exception) && Errors(exception).Any(error => Kind(error) is MySql or SqlServer);

    /// <summary>
    /// The database will not commit the transaction, now or later: a command in it failed before, or what was written breaks a rule. It has
    /// answered, so nothing is in doubt.
    /// </summary>
    public static bool IsRefusal(Exception exception) =>
        !IsFull(exception) && !IsConflict(exception) && !IsUnreachable(exception) && Errors(exception).Any(HasAnswered);

    public static bool IsUniqueViolation(Exception exception) => Errors(exception).Any(error => Kind(error) switch
    {
        MySql => Number(error) is 1062,
        SqlServer => Number(error) is 2601 or 2627,
        Sqlite => ExtendedSqlite(error) is 1555 or 2067,
        _ => error.SqlState is "23505",
    });

    /// <summary>There is no room: the disk or the table is full, or a quota reached.</summary>
    public static bool IsFull(Exception exception) => Errors(exception).Any(error => Kind(error) switch
    {
        MySql => Number(error) is 1021 or 1114 or 1041,
        SqlServer => Number(error) is 1101 or 1105 or 9002 or 1104,
        Sqlite => Value(error, "SqliteErrorCode") is 13,
        _ => error.SqlState is "53100" or "53200",
    });

    /// <summary>The table, or a column, does not exist.</summary>
    public static bool IsMissing(Exception exception) => Errors(exception).Any(error => Kind(error) switch
    {
        MySql => Number(error) is 1146 or 1054,
        SqlServer => Number(error) is 208 or 207,
        Sqlite => Value(error, "SqliteErrorCode") is 1,
        _ => error.SqlState is "42P01" or "42703" or "3F000",
    });

    private static bool IsUnreachableError(DbException error) => error.IsTransient || Kind(error) switch
    {
        // Of the client; of the server: connections, shutdown, network, locks, read-only, killed.
        MySql => Number(error) is 0 or 1040 or 1042 or 1043 or 1047 or 1053 or (>= 1158 and <= 1161) or 1184 or 1203 or 1205 or 1226
            or 1290 or 1317 or 1836 or 1927 or 1969 or 3024 or 4031 or (>= 2002 and <= 2006) or 2013 or 2055,
        SqlServer => Number(error) is -2 or -1 or 2 or 20 or 53 or 64 or 121 or 233 or 258 or 596 or 976 or 978 or 983 or 1222 or 3906
            or 4060 or 6005 or 10053 or 10054 or 10060 or 10061 or 10928 or 10929 or 11001 or 17142 or 17148 or 40197 or 40501 or 40613
            or (>= 49918 and <= 49920),
        // Busy, locked, an error of the file system, and a file that cannot be opened.
        Sqlite => Value(error, "SqliteErrorCode") is 5 or 6 or 10 or 14,
        _ => error.SqlState is { Length: 5 } state
            ? state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal)
                || state is "57014" or "55P03" or "53300" or "53400" or "25006" or "25P03" or "58030"
            : false,
    };

    // A client reports a connection that broke by the same type, without an answer of the server.
    private static bool HasAnswered(DbException error) => Kind(error) switch
    {
        "" => error.SqlState is { Length: 5 },
        _ => true,
    };

    private static string Kind(DbException error)
    {
        var name = error.GetType().FullName ?? "";
        return name.StartsWith(MySql, StringComparison.Ordinal) ? MySql
            : name.Contains(SqlServer, StringComparison.Ordinal) ? SqlServer
            : name.Contains(Sqlite, StringComparison.Ordinal) ? Sqlite
            : "";
    }

    private static int? Number(DbException error) => Value(error, "Number");

    private static int? ExtendedSqlite(DbException error) => Value(error, "SqliteExtendedErrorCode");

    private static int? Value(DbException error, string property) => error.GetType().GetProperty(property)?.GetValue(error) as int?;

    private static IEnumerable<DbException> Errors(Exception exception) => Causes(exception).OfType<DbException>();

    private static IEnumerable<Exception> Causes(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
            yield return cause;
    }
}
