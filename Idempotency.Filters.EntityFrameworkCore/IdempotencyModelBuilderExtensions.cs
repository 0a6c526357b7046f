using Idempotency.Filters.EntityFrameworkCore.Model;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Microsoft.EntityFrameworkCore;

/// <summary>Adds the table of the idempotency keys to a model.</summary>
public static class IdempotencyModelBuilderExtensions
{
    private const string DefaultTable = "idempotency_keys";

    /// <summary>
    /// Adds the table of the idempotency keys to the model of an application. Call it in <c>OnModelCreating</c>; then add a migration. The
    /// store reads the names of the table and of its columns from the model, so both may be changed.
    /// </summary>
    /// <param name="modelBuilder">The model.</param>
    /// <param name="table">The name of the table; null = <c>idempotency_keys</c>.</param>
    /// <param name="schema">Its schema; null = the default schema of the model.</param>
    /// <returns>The model.</returns>
    public static ModelBuilder AddIdempotency(this ModelBuilder modelBuilder, string? table = null, string? schema = null)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);

        var shape = TableShape.For(modelBuilder.Model);
        modelBuilder.Entity<IdempotencyRow>(row =>
        {
            MapTable(row, table ?? DefaultTable, schema);
            shape.Apply(row, table ?? DefaultTable);
        });
        return modelBuilder;
    }

    // Explicit names: a naming convention of the application must not change them.
    private static void MapTable(EntityTypeBuilder<IdempotencyRow> row, string table, string? schema)
    {
        if (schema is null)
            row.ToTable(table);
        else
            row.ToTable(table, schema);

        row.Property(entity => entity.Scope).HasColumnName("scope").HasMaxLength(16).IsFixedLength();
        row.Property(entity => entity.Id).HasColumnName("id").HasMaxLength(16).IsFixedLength();
        row.Property(entity => entity.State).HasColumnName("state");
        row.Property(entity => entity.Owner).HasColumnName("owner").HasMaxLength(16).IsFixedLength();
        row.Property(entity => entity.Fencing).HasColumnName("fencing");
        row.Property(entity => entity.LeaseUntil).HasColumnName("lease_until");
        row.Property(entity => entity.BlockedUntil).HasColumnName("blocked_until");
        row.Property(entity => entity.ExpiresAt).HasColumnName("expires_at");
        row.Property(entity => entity.Record).HasColumnName("record");
    }
}
