namespace Idempotency.Filters.Keys;

/// <param name="Status">Whether there is a key.</param>
/// <param name="Key">The key without quotes, if it is valid.</param>
/// <param name="Problem">What the client should change, if the key is malformed. Reveals only the rules and this request.</param>
internal readonly record struct KeyReading(KeyStatus Status, string? Key, string? Problem)
{
    public static KeyReading Malformed(string problem) => new(KeyStatus.Malformed, null, problem);
}
