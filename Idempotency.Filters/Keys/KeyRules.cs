namespace Idempotency.Filters.Keys;

/// <summary>What the sources of keys need of a policy.</summary>
/// <param name="Format">Which keys are accepted.</param>
/// <param name="MaxLength">The longest accepted key, in characters.</param>
/// <param name="MaxBufferedBodySize">How much of a body may be held in memory to find the key in it, in bytes.</param>
internal readonly record struct KeyRules(KeyFormat Format, int MaxLength, int MaxBufferedBodySize);
