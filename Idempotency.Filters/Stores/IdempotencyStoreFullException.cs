namespace Idempotency.Filters.Stores;

/// <summary>
/// A store has no room for another key, so the request gets a 503 and its action does not run. Or a store has no room for an operator's
/// answer: <see cref="IIdempotencyAdministration.ResolveAsync"/> throws, and the key stays as it was.
/// </summary>
/// <param name="message">Which limit was reached, and which option raises it if there is one.</param>
public class IdempotencyStoreFullException(string message) : Exception(message);
