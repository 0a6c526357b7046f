namespace Idempotency.Filters.Stores;

/// <summary>A store has no room for another key. The request is answered 503 and its action does not run.</summary>
/// <param name="message">Which limit was reached and which option raises it.</param>
public sealed class IdempotencyStoreFullException(string message) : Exception(message);
