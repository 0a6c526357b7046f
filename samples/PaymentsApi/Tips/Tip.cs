using System.ComponentModel.DataAnnotations;

namespace PaymentsApi.Tips;

/// <summary>What a client asks for.</summary>
public sealed record CreateTip([Amount] decimal Amount, [Required, Currency] string Currency);

/// <summary>A tip that was given.</summary>
public sealed record Tip(Guid Id, decimal Amount, string Currency, DateTimeOffset CreatedAt);
