using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Model;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>Reads what a look found.</summary>
internal static class RowReader
{
    /// <summary>Reads the row of a look.</summary>
    /// <exception cref="InvalidDataException">The row is not of this version.</exception>
    public static RowLook Read(DbDataReader reader) => IsUnreadable(reader)
        ? throw new InvalidDataException("The row of the key holds something that this version of Idempotency.Filters cannot read.")
        : ReadColumns(reader, (ClaimOutcome)Convert.ToInt32(reader.GetValue(1), null));

    /// <summary>Reads the row of a look. One that is not of this version is a record that nobody can read.</summary>
    public static RowLook ReadForOperators(DbDataReader reader) => IsUnreadable(reader)
        ? ReadColumns(reader, ClaimOutcome.Completed) with { Record = null }
        : Read(reader);

    private static bool IsUnreadable(DbDataReader reader) =>
        !reader.IsDBNull(2) && Convert.ToInt32(reader.GetValue(1), null) == RowStatements.Unreadable;

    private static RowLook ReadColumns(DbDataReader reader, ClaimOutcome outcome)
    {
        var moment = reader.GetInt64(0);
        if (reader.IsDBNull(2))
            return new(ClaimOutcome.None, false, IdempotencyRows.Nobody, default, 0, null, moment);

        try
        {
            var hasRecord = outcome is ClaimOutcome.Completed or ClaimOutcome.InFlight && !reader.IsDBNull(5);
            var record = hasRecord ? (byte[])reader.GetValue(5) : null;
            return new(
                outcome, true, (byte[])reader.GetValue(2), (RowState)Convert.ToInt16(reader.GetValue(3), null), reader.GetInt64(4), record,
                moment);
        }
        catch (Exception exception) when (exception is InvalidCastException or FormatException or OverflowException)
        {
            // A column of SQLite takes values of any type.
            throw new InvalidDataException("The row of the key holds a value of another type.", exception);
        }
    }
}
