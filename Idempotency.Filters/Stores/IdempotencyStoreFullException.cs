namespace Idempotency.Filters.Stores;

/// <summary>
/// A store has no room for another key: the request is answered 503 and its action does not run. Or an operator's answer is too large for
/// the store, or finds no room in it: <see cref="IIdempotencyAdministration.ResolveAsync"/> throws, and the key stays as it was.
/// </summary>
/// <param name="message">Which limit was reached and, where an option raises it, which.</param>
public sealed class IdempotencyStoreFullException(string message) : Exception(message);
