using System.Data.Common;

namespace Idempotency.Filters.Engine;

/// <summary>
/// Knows the failures of a database that a concurrent transaction causes, and that a repetition of the whole operation cures.
/// </summary>
internal static class TransactionConflict
{
    // ISO/IEC 9075: class 40 is "transaction rollback", by a serialization failure (40001) or, at PostgreSQL, a deadlock (40P01).
    private const string RollbackClass = "40";

    public static bool Is(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is DbException { SqlState: { } state } && state.StartsWith(RollbackClass, StringComparison.Ordinal))
                return true;
        }

        return false;
    }
}
