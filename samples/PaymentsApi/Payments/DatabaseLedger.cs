using Microsoft.EntityFrameworkCore;

namespace PaymentsApi.Payments;

/// <summary>All payments, as rows of a table. What the request's context saves is in the transaction of the request.</summary>
internal sealed class DatabaseLedger(PaymentsContext db, TimeProvider timeProvider) : ILedger
{
    // An id of version 7 begins with the time.
    public async Task<IReadOnlyList<Payment>> AllAsync() => await db.Payments.AsNoTracking().OrderBy(payment => payment.Id).ToListAsync();

    public Task<Payment?> FindAsync(Guid id) => db.Payments.AsNoTracking().SingleOrDefaultAsync(payment => payment.Id == id);

    public async Task<Payment> EnterAsync(CreatePayment command)
    {
        var payment = Payment.From(command, timeProvider.GetUtcNow());
        db.Add(payment);
        await db.SaveChangesAsync();
        return payment;
    }

    public async Task<(RefundOutcome Outcome, Refund? Refund)> RefundAsync(Guid paymentId, decimal amount)
    {
        // One statement that looks and changes: two refunds under different keys must not both see the same rest.
        var refunded = await db.Payments
            .Where(payment => payment.Id == paymentId && payment.Refunded + amount <= payment.Amount)
            .ExecuteUpdateAsync(change => change.SetProperty(payment => payment.Refunded, payment => payment.Refunded + amount));
        if (await FindAsync(paymentId) is not { } found)
            return (RefundOutcome.UnknownPayment, null);

        return refunded == 0
            ? (RefundOutcome.ExceedsPayment, null)
            : (RefundOutcome.Made, found.Refund(amount, timeProvider.GetUtcNow()));
    }
}
