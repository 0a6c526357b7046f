namespace PaymentsApi.Payments;

/// <summary>All payments, in order. A payment that ran twice appears twice.</summary>
public interface ILedger
{
    Task<IReadOnlyList<Payment>> AllAsync();

    async Task<string> CountInWordsAsync() => (await AllAsync()).Count is var count && count == 1 ? "1 payment" : $"{count} payments";

    Task<Payment?> FindAsync(Guid id);

    Task<Payment> EnterAsync(CreatePayment command);

    Task<(RefundOutcome Outcome, Refund? Refund)> RefundAsync(Guid paymentId, decimal amount);
}
