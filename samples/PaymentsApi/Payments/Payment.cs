using System.ComponentModel.DataAnnotations;

namespace PaymentsApi.Payments;

/// <summary>A request for a payment.</summary>
public sealed record CreatePayment([Amount] decimal Amount, [Currency] string Currency, [StringLength(140)] string? Reference);

/// <summary>A payment, and how much of it was refunded.</summary>
public sealed record Payment(
    Guid Id, decimal Amount, string Currency, string? Reference, DateTimeOffset CreatedAt, decimal Refunded);
