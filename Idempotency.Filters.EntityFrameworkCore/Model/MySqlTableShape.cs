using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Idempotency.Filters.EntityFrameworkCore.Model;

/// <summary>MySQL and MariaDB: the primary key is a number, since rows lie in its order, and hashes would scatter them.</summary>
internal sealed class MySqlTableShape : TableShape
{
    private const string Number = "Number";

    public override void Apply(EntityTypeBuilder<IdempotencyRow> row, string table)
    {
        row.Property<long>(Number).HasColumnName("number").ValueGeneratedOnAdd();
        row.HasKey(Number).HasName($"pk_{table}");
        row.HasIndex(entity => new { entity.Scope, entity.Id }).IsUnique().HasDatabaseName($"ux_{table}_scope_id");
        MapExpiryIndex(row, table);
        MapMomentsAsNumbers(row);
        row.Property(entity => entity.Record).HasColumnType("longblob");
    }
}
