using System.Data.Common;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>
/// A concurrent transaction made the database roll back. The clients of MySQL, SQL Server and SQLite say so by numbers of their own; this
/// says it by the SQLSTATE of the standard.
/// </summary>
internal sealed class TransactionConflictException(Exception cause) : DbException(cause.Message, cause)
{
    public override string SqlState => "40001";

    public override bool IsTransient => true;
}
