using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Keys;

internal sealed class HeaderKeySource(string name) : ImmediateKeySource($"the header {name}")
{
    internal override string? Defect =>
        HttpToken.IsValid(name) ? null : $"'{name}' is not a header name: use letters, digits and hyphens.";

    public bool IsNamed(string? other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    public override KeyReading Read(HttpContext http, KeyRules rules) =>
        IdempotencyKey.Read(http.Request.Headers[name], rules.Format, rules.MaxLength);
}
