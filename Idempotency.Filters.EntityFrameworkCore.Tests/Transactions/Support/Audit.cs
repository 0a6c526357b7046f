namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>What an action notes in another context.</summary>
public sealed class Audit
{
    public Guid Id { get; init; } = Guid.NewGuid();

    public string Key { get; init; } = "";
}
