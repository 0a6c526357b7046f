using System.Data.Common;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>
/// Limits how long SQLite waits for another writer when a transaction begins. Its client takes no token there, and waits for the default
/// timeout of the connection, which is 30 seconds.
/// </summary>
internal readonly struct BusyPatience : IDisposable
{
    private const string Property = "DefaultTimeout";

    private readonly DbConnection? _connection;
    private readonly int _before;

    private BusyPatience(DbConnection connection, int before) => (_connection, _before) = (connection, before);

    public static BusyPatience Of(DbConnection connection, TimeSpan timeout)
    {
        // The package refers to no client.
        var property = connection.GetType().GetProperty(Property);
        if (property is not { CanWrite: true } || property.GetValue(connection) is not int before)
            return default;

        property.SetValue(connection, (int)Math.Ceiling(timeout.TotalSeconds));
        return new(connection, before);
    }

    public void Dispose() => _connection?.GetType().GetProperty(Property)!.SetValue(_connection, _before);
}
