namespace Idempotency.Filters.Stores;

/// <summary>
/// The caller holds as many keys as one may, so the request gets a 429 <c>too-many-keys</c> and its action does not run. The store has room
/// for others.
/// </summary>
/// <param name="message">The limit, and the option that raises it.</param>
public sealed class IdempotencyKeyLimitException(string message) : IdempotencyStoreFullException(message);
