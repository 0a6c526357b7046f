using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>Another context of the application on the same database.</summary>
public sealed class AuditContext(DbContextOptions<AuditContext> options) : DbContext(options)
{
    public const string Table = """CREATE TABLE "Audits" ("Id" uuid PRIMARY KEY, "Key" text NOT NULL)""";

    public DbSet<Audit> Audits => Set<Audit>();
}
