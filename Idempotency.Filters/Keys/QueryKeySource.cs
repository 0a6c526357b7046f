namespace Idempotency.Filters.Keys;

internal sealed class QueryKeySource(string name) : ImmediateKeySource($"the query parameter {name}")
{
    internal override string? Defect => name.Length > 0 ? null : "the name is empty.";

    public override KeyReading Read(HttpContext http, KeyRules rules) => ReadField(http.Request.Query[name], rules);
}
