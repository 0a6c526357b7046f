namespace Idempotency.Filters.TestSupport.Budgets;

public sealed record Payment(Guid Id, decimal Amount, string Currency, string Reference)
{
    public static Payment Of(Command command) => new(Guid.NewGuid(), command.Amount, command.Currency, command.Reference);
}
