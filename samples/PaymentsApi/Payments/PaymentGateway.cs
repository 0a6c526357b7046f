namespace PaymentsApi.Payments;

/// <summary>Stands for the bank: takes its time, and cannot be called back once it has begun.</summary>
public sealed class PaymentGateway(SampleSettings settings)
{
    public Task ChargeAsync() => Task.Delay(settings.Work);
}
