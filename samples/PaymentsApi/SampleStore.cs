using Idempotency.Filters;

namespace PaymentsApi;

/// <summary>A store that the command line can choose.</summary>
/// <param name="Use">Configures it, with the place of its data.</param>
/// <param name="Example">What the place can look like.</param>
internal sealed record SampleStore(Action<IIdempotencyBuilder, string> Use, string Example)
{
    /// <summary>Where the data is unless the command line says otherwise; null = it must say.</summary>
    public string? DefaultPlace { get; init; } = Example;

    /// <summary>The argument with the place of its data; null = the name of the store.</summary>
    public string? PlaceName { get; init; }

    /// <summary>Whether keys and payments are in one database, which can commit them together.</summary>
    public bool HasPayments { get; init; }
}
