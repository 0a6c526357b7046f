using Idempotency.Filters.EntityFrameworkCore.Model;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>Chooses the statements for a provider by its name.</summary>
internal static class RowsFactory
{
    public static bool IsPostgres(string? provider) => provider is not null && provider.Contains("Npgsql", StringComparison.Ordinal);

    /// <exception cref="InvalidOperationException">The store does not know the database.</exception>
    public static IdempotencyRows For(string provider, IdempotencyTable table, TimeSpan timeout)
    {
        return IsPostgres(provider) ? new PostgresRows(table, timeout)
            : Has("Sqlite") ? new SqliteRows(table, timeout)
            : Has("SqlServer") ? new IdempotencyRows(table, new SqlServerDialect(), timeout)
            : Has("MySql") ? new IdempotencyRows(table, new MySqlDialect(), timeout)
            : throw new InvalidOperationException(
                $"The store does not know the clock of the database that {provider} serves. It works with PostgreSQL, SQLite, SQL Server, "
                + "MySQL and MariaDB.");

        bool Has(string name) => provider.Contains(name, StringComparison.OrdinalIgnoreCase);
    }
}
