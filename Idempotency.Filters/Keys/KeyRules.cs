namespace Idempotency.Filters.Keys;

/// <summary>The rules of a policy that key sources need.</summary>
/// <param name="Format">Which keys are accepted.</param>
/// <param name="MaxLength">The longest accepted key, in characters.</param>
/// <param name="MaxBufferedBodySize">The largest body that may be held in memory to find the key, in bytes.</param>
/// <param name="BodyReadTimeout">How long a client may take to send a body in which the key is looked for; null = no limit.</param>
internal readonly record struct KeyRules(KeyFormat Format, int MaxLength, int MaxBufferedBodySize, TimeSpan? BodyReadTimeout);
