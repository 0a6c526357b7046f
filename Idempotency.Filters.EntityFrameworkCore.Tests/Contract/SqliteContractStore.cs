using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Contract;

internal sealed class SqliteContractStore : EfContractStore
{
    private static readonly Lazy<Task<string>> Shared = new(() => Task.FromResult(Databases.Sqlite()));

    protected override Task<string> ConnectionStringAsync() => Shared.Value;

    protected override void Use(DbContextOptionsBuilder database, string connectionString) => database.UseSqlite(connectionString);
}
