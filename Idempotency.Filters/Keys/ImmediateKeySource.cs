namespace Idempotency.Filters.Keys;

/// <summary>A source that needs no body, and hence no waiting.</summary>
internal abstract class ImmediateKeySource(string place) : KeySource(place)
{
    public abstract KeyReading Read(HttpContext http, KeyRules rules);

    internal sealed override ValueTask<KeyReading> ReadAsync(HttpContext http, KeyRules rules) => new(Read(http, rules));
}
