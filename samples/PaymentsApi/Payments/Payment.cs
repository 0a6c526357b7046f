using System.ComponentModel.DataAnnotations;

namespace PaymentsApi.Payments;

/// <summary>A request for a payment.</summary>
public sealed record CreatePayment([Amount] decimal Amount, [Currency] string Currency, [StringLength(140)] string? Reference);

/// <summary>A payment, and how much of it was refunded.</summary>
public sealed record Payment(
    Guid Id, decimal Amount, string Currency, string? Reference, DateTimeOffset CreatedAt, decimal Refunded)
{
    public static Payment From(CreatePayment command, DateTimeOffset now) =>
        new(Guid.CreateVersion7(now), command.Amount, command.Currency, command.Reference, now, Refunded: 0);

    public Refund Refund(decimal amount, DateTimeOffset now) => new(Guid.CreateVersion7(now), Id, amount, Currency, now);
}
