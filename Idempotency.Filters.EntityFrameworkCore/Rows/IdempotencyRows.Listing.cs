using System.Data.Common;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

internal partial class IdempotencyRows
{
    // More than any database has in a column; one more would be none for some.
    private const int WholeRecord = 1_000_000_000;

    /// <summary>Before the first key.</summary>
    public static RowKey First { get; } = new([], []);

    /// <summary>
    /// The rows behind a key, in the order of their keys, whatever their state. So each page costs the same, however few rows of it are
    /// asked for.
    /// </summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="behind">The last key of the page before.</param>
    /// <param name="limit">How many rows at most.</param>
    /// <param name="recordLength">How many bytes of a record are enough; null = all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<List<ListedRow>> ListAsync(
        DbConnection connection, RowKey behind, int limit, int? recordLength, CancellationToken cancellationToken)
    {
        var command = Command(connection, Sql.ListPage);
        Add(command, "@limit", limit);
        return ReadAsync(command, behind, recordLength, ReadForPage, cancellationToken);
    }

    /// <summary>The row of a key, with its whole record.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="InvalidDataException">The row holds values of other types.</exception>
    public async Task<ListedRow?> FindListedAsync(DbConnection connection, RowKey key, CancellationToken cancellationToken) =>
        (await ReadAsync(Command(connection, Sql.ListOne), key, null, RowReader.ReadForOperators, cancellationToken)).SingleOrDefault();

    private static async Task<List<ListedRow>> ReadAsync(
        DbCommand command, RowKey key, int? recordLength, Func<DbDataReader, RowLook> read, CancellationToken cancellationToken)
    {
        await using var disposed = command;
        Add(command, key);
        Add(command, "@length", Math.Min(recordLength ?? WholeRecord, WholeRecord));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<ListedRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var listed = new RowKey((byte[])reader.GetValue(6), (byte[])reader.GetValue(7));
            rows.Add(new(listed, read(reader), Moment(reader, 8), Moment(reader, 9), Moment(reader, 10)));
        }

        return rows;
    }

    /// <summary>One that no reader understands never comes.</summary>
    private static long Moment(DbDataReader reader, int column) => reader.GetValue(column) is long moment ? moment : long.MaxValue;

    /// <summary>A row that nobody can read does not end a listing.</summary>
    private static RowLook ReadForPage(DbDataReader reader)
    {
        try
        {
            return RowReader.ReadForOperators(reader);
        }
        catch (InvalidDataException)
        {
            // Not even its version can be read, so it is in none of the states.
            return new(ClaimOutcome.None, true, Nobody, default, 0, null, 0);
        }
    }
}
