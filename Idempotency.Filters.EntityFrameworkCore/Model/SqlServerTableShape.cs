using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Idempotency.Filters.EntityFrameworkCore.Model;

/// <summary>SQL Server: rows lie in the order in which they end, so that neither inserts nor the clean-up are scattered.</summary>
internal sealed class SqlServerTableShape : TableShape
{
    private const string Clustered = "SqlServer:Clustered";

    public override void Apply(EntityTypeBuilder<IdempotencyRow> row, string table)
    {
        MapPrimaryKey(row, table).HasAnnotation(Clustered, false);
        row.HasIndex(entity => new { entity.ExpiresAt, entity.Id })
            .HasDatabaseName($"ix_{table}_expires_at").HasAnnotation(Clustered, true);
        MapMomentsAsNumbers(row);
    }
}
