namespace Idempotency.Filters.TestSupport.Budgets;

public sealed record Command(decimal Amount, string Currency, string Reference);
