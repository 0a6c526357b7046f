namespace Idempotency.Filters.Policies;

/// <summary>One call of <c>UseStore</c> for a named store.</summary>
internal sealed record StoreRegistration(string Name);
