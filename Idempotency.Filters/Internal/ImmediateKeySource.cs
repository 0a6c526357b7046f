namespace Idempotency.Filters.Internal;

/// <summary>A source that needs no body, and hence no waiting.</summary>
internal abstract class ImmediateKeySource(string place) : KeySource(place)
{
    public abstract KeyReading Read(HttpContext http, IdempotencyOptions options);

    internal sealed override ValueTask<KeyReading> ReadAsync(HttpContext http, IdempotencyOptions options) => new(Read(http, options));
}

internal sealed class HeaderKeySource(string name) : ImmediateKeySource($"the header {name}")
{
    internal override string? Defect =>
        IdempotencyOptionsValidator.IsToken(name) ? null : $"'{name}' is not a header name: use letters, digits and hyphens.";

    public bool IsNamed(string? other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    public override KeyReading Read(HttpContext http, IdempotencyOptions options) =>
        IdempotencyKey.Read(http.Request.Headers[name], options.KeyFormat, options.MaxKeyLength);
}

internal sealed class QueryKeySource(string name) : ImmediateKeySource($"the query parameter {name}")
{
    internal override string? Defect => name.Length > 0 ? null : "the name is empty.";

    public override KeyReading Read(HttpContext http, IdempotencyOptions options) => ReadField(http.Request.Query[name], options);
}

internal sealed class DelegateKeySource(Func<HttpContext, string?> read, string? place)
    : ImmediateKeySource(place ?? "the key that the documentation of this API describes")
{
    internal override string? Defect => place is "" ? "its description is empty: use null for none." : null;

    public override KeyReading Read(HttpContext http, IdempotencyOptions options) =>
        read(http) is { } key ? IdempotencyKey.ReadPlain(key, options.KeyFormat, options.MaxKeyLength) : default;
}
