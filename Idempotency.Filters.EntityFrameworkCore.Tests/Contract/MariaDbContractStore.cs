using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Contract;

/// <summary>The proof that the statements for every other database are right.</summary>
internal sealed class MariaDbContractStore : EfContractStore
{
    private static readonly Lazy<Task<string>> Shared = new(Databases.MariaDbAsync);

    protected override Task<string> ConnectionStringAsync() => Shared.Value;

    protected override void Use(DbContextOptionsBuilder database, string connectionString) => database.UseMySQL(connectionString);
}
