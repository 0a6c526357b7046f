using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Idempotency.Filters.EntityFrameworkCore.Model;

/// <summary>
/// What differs between databases in the table: keys, indexes, and types. A model does not name its provider, so the traces of its
/// conventions tell it.
/// </summary>
internal abstract class TableShape
{
    private const int LongestMySqlName = 64;

    public static TableShape For(IMutableModel model) =>
        model.FindAnnotation("Npgsql:ValueGenerationStrategy") is not null ? new PostgresTableShape()
        : model.FindAnnotation("SqlServer:ValueGenerationStrategy") is not null ? new SqlServerTableShape()
        : model.GetMaxIdentifierLength() == LongestMySqlName ? new MySqlTableShape()
        : new SqliteTableShape();

    public abstract void Apply(EntityTypeBuilder<IdempotencyRow> row, string table);

    protected static KeyBuilder MapPrimaryKey(EntityTypeBuilder<IdempotencyRow> row, string table) =>
        row.HasKey(entity => new { entity.Scope, entity.Id }).HasName($"pk_{table}");

    protected static void MapExpiryIndex(EntityTypeBuilder<IdempotencyRow> row, string table) =>
        row.HasIndex(entity => entity.ExpiresAt).HasDatabaseName($"ix_{table}_expires_at");

    /// <summary>Moments as microseconds since 1970, with which every database can count alike.</summary>
    protected static void MapMomentsAsNumbers(EntityTypeBuilder<IdempotencyRow> row)
    {
        var microseconds = new ValueConverter<DateTime, long>(
            moment => (moment - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond,
            number => DateTime.UnixEpoch.AddMicroseconds(number));
        row.Property(entity => entity.LeaseUntil).HasConversion(microseconds);
        row.Property(entity => entity.BlockedUntil).HasConversion(microseconds);
        row.Property(entity => entity.ExpiresAt).HasConversion(microseconds);
    }
}
