namespace PaymentsApi.Quotes;

/// <summary>What a client asks for.</summary>
public sealed record CreateQuote([Amount] decimal Amount, [Currency] string Currency);

/// <summary>What a payment would cost at this moment.</summary>
public sealed record Quote(Guid Id, decimal Amount, decimal Fee, decimal Total, string Currency, DateTimeOffset ValidUntil);
