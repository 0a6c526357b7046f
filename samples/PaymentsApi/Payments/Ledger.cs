namespace PaymentsApi.Payments;

/// <summary>All payments since the start, in order. A payment that ran twice appears twice.</summary>
public sealed class Ledger(TimeProvider timeProvider)
{
    private readonly Lock _lock = new();
    private readonly OrderedDictionary<Guid, Payment> _payments = [];

    public IReadOnlyList<Payment> All()
    {
        lock (_lock)
            return [.. _payments.Values];
    }

    public string CountInWords() => All().Count is var count && count == 1 ? "1 payment" : $"{count} payments";

    public Payment? Find(Guid id)
    {
        lock (_lock)
            return _payments.GetValueOrDefault(id);
    }

    public Payment Enter(CreatePayment command)
    {
        var now = timeProvider.GetUtcNow();
        var payment = new Payment(Guid.CreateVersion7(now), command.Amount, command.Currency, command.Reference, now, Refunded: 0);
        lock (_lock)
            _payments.Add(payment.Id, payment);
        return payment;
    }

    public (RefundOutcome Outcome, Refund? Refund) Refund(Guid paymentId, decimal amount)
    {
        var now = timeProvider.GetUtcNow();
        lock (_lock)
        {
            if (!_payments.TryGetValue(paymentId, out var payment))
                return (RefundOutcome.UnknownPayment, null);
            if (payment.Refunded + amount > payment.Amount)
                return (RefundOutcome.ExceedsPayment, null);

            _payments[paymentId] = payment with { Refunded = payment.Refunded + amount };
            return (RefundOutcome.Made, new Refund(Guid.CreateVersion7(now), paymentId, amount, payment.Currency, now));
        }
    }
}
