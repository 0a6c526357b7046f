namespace Idempotency.Filters.Policies;

/// <summary>One call of <c>AddPolicy</c>.</summary>
internal sealed record PolicyRegistration(string Name, Action<IdempotencyOptions> Configure);
