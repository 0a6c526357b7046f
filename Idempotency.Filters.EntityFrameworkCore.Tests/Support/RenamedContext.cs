using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Support;

/// <summary>A context of an application that names the table and a column itself.</summary>
internal sealed class RenamedContext(DbContextOptions<RenamedContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.AddIdempotency("Request Keys", "Shop");
        modelBuilder.Model.GetEntityTypes().Single().FindProperty("Record")!.SetColumnName("The Record");
    }
}
