namespace Idempotency.Filters.Benchmarks.Database;

/// <summary>What an action inserts.</summary>
internal sealed class PaymentRow
{
    public Guid Id { get; init; } = Guid.CreateVersion7();

    public decimal Amount { get; init; }

    public string Reference { get; init; } = "";
}
