namespace Idempotency.Filters.Keys;

internal sealed class DelegateKeySource(Func<HttpContext, string?> read, string? place)
    : ImmediateKeySource(place ?? "the key that the documentation of this API describes")
{
    internal override string? Defect => place is "" ? "its description is empty: use null for none." : null;

    public override KeyReading Read(HttpContext http, KeyRules rules) =>
        read(http) is { } key ? IdempotencyKey.ReadPlain(key, rules.Format, rules.MaxLength) : default;
}
