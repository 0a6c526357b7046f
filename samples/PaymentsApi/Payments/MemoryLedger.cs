namespace PaymentsApi.Payments;

/// <summary>All payments since the start, in the memory of this process.</summary>
internal sealed class MemoryLedger(TimeProvider timeProvider) : ILedger
{
    private readonly Lock _lock = new();
    private readonly OrderedDictionary<Guid, Payment> _payments = [];

    public Task<IReadOnlyList<Payment>> AllAsync()
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<Payment>>([.. _payments.Values]);
    }

    public Task<Payment?> FindAsync(Guid id)
    {
        lock (_lock)
            return Task.FromResult(_payments.GetValueOrDefault(id));
    }

    public Task<Payment> EnterAsync(CreatePayment command)
    {
        var payment = Payment.From(command, timeProvider.GetUtcNow());
        lock (_lock)
            _payments.Add(payment.Id, payment);
        return Task.FromResult(payment);
    }

    public Task<(RefundOutcome Outcome, Refund? Refund)> RefundAsync(Guid paymentId, decimal amount)
    {
        lock (_lock)
            return Task.FromResult(Refund(paymentId, amount));
    }

    private (RefundOutcome Outcome, Refund? Refund) Refund(Guid paymentId, decimal amount)
    {
        if (!_payments.TryGetValue(paymentId, out var payment))
            return (RefundOutcome.UnknownPayment, null);
        if (payment.Refunded + amount > payment.Amount)
            return (RefundOutcome.ExceedsPayment, null);

        _payments[paymentId] = payment with { Refunded = payment.Refunded + amount };
        return (RefundOutcome.Made, payment.Refund(amount, timeProvider.GetUtcNow()));
    }
}
