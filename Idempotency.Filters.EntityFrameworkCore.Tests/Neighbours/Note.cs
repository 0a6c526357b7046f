namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>What an action writes.</summary>
internal sealed class Note
{
    public Guid Id { get; init; } = Guid.NewGuid();

    public string Text { get; init; } = "";
}
