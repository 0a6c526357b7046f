using System.Collections.Concurrent;

namespace PaymentsApi.Payments;

/// <summary>Stands in for the bank: it takes time, and nobody can cancel a charge that has begun.</summary>
public sealed class PaymentGateway(SampleSettings settings)
{
    private readonly ConcurrentDictionary<string, Task> _charges = new();

    /// <summary>Charges once for each key, as banks do: no transaction of ours can take a charge back.</summary>
    public Task ChargeAsync(string key) => _charges.GetOrAdd(key, _ => Task.Delay(settings.Work));
}
