namespace PaymentsApi.Quotes;

/// <summary>A request for a quote.</summary>
public sealed record CreateQuote([Amount] decimal Amount, [Currency] string Currency);

/// <summary>What a payment would cost now.</summary>
public sealed record Quote(Guid Id, decimal Amount, decimal Fee, decimal Total, string Currency, DateTimeOffset ValidUntil);
