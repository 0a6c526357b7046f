namespace Idempotency.Filters.Keys;

/// <summary>A source that does not read the body, and so never waits.</summary>
internal abstract class ImmediateKeySource(string place) : KeySource(place)
{
    public abstract KeyReading Read(HttpContext http, KeyRules rules);

    internal sealed override ValueTask<KeyReading> ReadAsync(HttpContext http, KeyRules rules) => new(Read(http, rules));
}
