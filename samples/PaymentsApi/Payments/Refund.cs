namespace PaymentsApi.Payments;

/// <summary>A request for a refund, in the currency of the payment.</summary>
public sealed record CreateRefund([Amount] decimal Amount);

/// <summary>A refund.</summary>
public sealed record Refund(Guid Id, Guid PaymentId, decimal Amount, string Currency, DateTimeOffset CreatedAt);

/// <summary>Whether a refund was made, or why not.</summary>
public enum RefundOutcome
{
    Made,
    UnknownPayment,
    ExceedsPayment,
}
