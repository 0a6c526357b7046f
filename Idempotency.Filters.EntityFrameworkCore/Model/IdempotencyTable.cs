using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace Idempotency.Filters.EntityFrameworkCore.Model;

/// <summary>The table and its columns, named as the model of a context names them, and quoted as its database wants it.</summary>
internal sealed class IdempotencyTable
{
    /// <summary>Not quoted, for messages.</summary>
    public required string DisplayName { get; init; }

    public required string Name { get; init; }

    public required string Scope { get; init; }

    public required string Id { get; init; }

    public required string State { get; init; }

    public required string Owner { get; init; }

    public required string Fencing { get; init; }

    public required string LeaseUntil { get; init; }

    public required string BlockedUntil { get; init; }

    public required string ExpiresAt { get; init; }

    public required string Record { get; init; }

    /// <returns>Null when the model has no such table.</returns>
    public static IdempotencyTable? In(DbContext context)
    {
        if (context.Model.FindEntityType(typeof(IdempotencyRow)) is not { } row
            || StoreObjectIdentifier.Create(row, StoreObjectType.Table) is not { } table)
        {
            return null;
        }

        var sql = context.GetService<ISqlGenerationHelper>();
        return new()
        {
            DisplayName = table.DisplayName(),
            Name = sql.DelimitIdentifier(table.Name, table.Schema),
            Scope = Column(nameof(IdempotencyRow.Scope)),
            Id = Column(nameof(IdempotencyRow.Id)),
            State = Column(nameof(IdempotencyRow.State)),
            Owner = Column(nameof(IdempotencyRow.Owner)),
            Fencing = Column(nameof(IdempotencyRow.Fencing)),
            LeaseUntil = Column(nameof(IdempotencyRow.LeaseUntil)),
            BlockedUntil = Column(nameof(IdempotencyRow.BlockedUntil)),
            ExpiresAt = Column(nameof(IdempotencyRow.ExpiresAt)),
            Record = Column(nameof(IdempotencyRow.Record)),
        };

        string Column(string property) => sql.DelimitIdentifier(row.FindProperty(property)!.GetColumnName(table)!);
    }
}
