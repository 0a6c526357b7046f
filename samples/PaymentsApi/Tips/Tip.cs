using System.ComponentModel.DataAnnotations;

namespace PaymentsApi.Tips;

/// <summary>A request to give a tip.</summary>
public sealed record CreateTip([Amount] decimal Amount, [Required, Currency] string Currency);

/// <summary>A tip.</summary>
public sealed record Tip(Guid Id, decimal Amount, string Currency, DateTimeOffset CreatedAt);
