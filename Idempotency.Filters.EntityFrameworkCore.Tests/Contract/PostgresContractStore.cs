using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Contract;

internal sealed class PostgresContractStore : EfContractStore
{
    private static readonly Lazy<Task<string>> Shared = new(Databases.PostgresAsync);

    protected override Task<string> ConnectionStringAsync() => Shared.Value;

    protected override void Use(DbContextOptionsBuilder database, string connectionString) => database.UseNpgsql(connectionString);
}
