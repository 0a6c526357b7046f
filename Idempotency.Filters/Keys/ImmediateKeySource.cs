namespace Idempotency.Filters.Keys;

/// <summary>A source that needs no body, and hence no waiting.</summary>
internal abstract class ImmediateKeySource(string place) : KeySource(place)
{
    public abstract KeyReading Read(HttpContext http, IdempotencyOptions options);

    internal sealed override ValueTask<KeyReading> ReadAsync(HttpContext http, IdempotencyOptions options) => new(Read(http, options));
}
