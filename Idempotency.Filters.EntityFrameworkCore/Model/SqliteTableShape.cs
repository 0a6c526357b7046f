using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Idempotency.Filters.EntityFrameworkCore.Model;

/// <summary>SQLite.</summary>
internal sealed class SqliteTableShape : TableShape
{
    public override void Apply(EntityTypeBuilder<IdempotencyRow> row, string table)
    {
        MapPrimaryKey(row, table);
        MapExpiryIndex(row, table);
        MapMomentsAsNumbers(row);
    }
}
