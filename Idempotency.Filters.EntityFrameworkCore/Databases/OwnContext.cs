using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Databases;

/// <summary>The context of an application that has none for the table.</summary>
internal sealed class OwnContext(DbContextOptions<OwnContext> options, string? table, string? schema) : DbContext(options)
{
    public string? Table => table;

    public string? Schema => schema;

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddIdempotency(table, schema);
}
