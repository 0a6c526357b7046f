namespace PaymentsApi.Payments;

/// <summary>Stands in for the bank: it takes time, and nobody can cancel a charge that has begun.</summary>
public sealed class PaymentGateway(SampleSettings settings)
{
    public Task ChargeAsync() => Task.Delay(settings.Work);
}
