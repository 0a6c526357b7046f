using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Idempotency.Filters.EntityFrameworkCore.Model;

/// <summary>PostgreSQL: room on each page for the update that completes a row, and vacuum before much is dead.</summary>
internal sealed class PostgresTableShape : TableShape
{
    private const string StorageParameter = "Npgsql:StorageParameter:";

    public override void Apply(EntityTypeBuilder<IdempotencyRow> row, string table)
    {
        MapPrimaryKey(row, table);
        MapExpiryIndex(row, table);
        row.Property(entity => entity.LeaseUntil).HasColumnType("timestamp with time zone");
        row.Property(entity => entity.BlockedUntil).HasColumnType("timestamp with time zone");
        row.Property(entity => entity.ExpiresAt).HasColumnType("timestamp with time zone");
        row.HasAnnotation(StorageParameter + "fillfactor", 60);
        row.HasAnnotation(StorageParameter + "autovacuum_vacuum_scale_factor", 0.02);
    }
}
