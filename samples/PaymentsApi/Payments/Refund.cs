namespace PaymentsApi.Payments;

/// <summary>What a client asks for, in the currency of the payment.</summary>
public sealed record CreateRefund([Amount] decimal Amount);

/// <summary>A refund that was made.</summary>
public sealed record Refund(Guid Id, Guid PaymentId, decimal Amount, string Currency, DateTimeOffset CreatedAt);

/// <summary>Whether a refund was made, and why not.</summary>
public enum RefundOutcome
{
    Made,
    UnknownPayment,
    ExceedsPayment,
}
