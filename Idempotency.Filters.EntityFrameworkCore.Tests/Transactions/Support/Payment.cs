namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>What an action pays.</summary>
public sealed class Payment
{
    public Guid Id { get; init; } = Guid.NewGuid();

    public string Key { get; init; } = "";

    public string? Reference { get; init; }

    public decimal Amount { get; set; }
}
