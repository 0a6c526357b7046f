using System.ComponentModel.DataAnnotations;

namespace PaymentsApi.Payments;

/// <summary>What a client asks for.</summary>
public sealed record CreatePayment([Amount] decimal Amount, [Currency] string Currency, [StringLength(140)] string? Reference);

/// <summary>A payment that was made, and how much of it was refunded since.</summary>
public sealed record Payment(
    Guid Id, decimal Amount, string Currency, string? Reference, DateTimeOffset CreatedAt, decimal Refunded);
