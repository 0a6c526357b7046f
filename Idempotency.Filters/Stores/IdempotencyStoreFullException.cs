namespace Idempotency.Filters.Stores;

/// <summary>
/// A store has no room for another key, so the request gets a 503 and its action does not run. Or a store has no room for an operator's
/// answer: <see cref="IIdempotencyAdministration.ResolveAsync"/> throws, and the key stays as it was.
/// </summary>
/// <param name="message">Which limit was reached, and which option raises it if there is one.</param>
public sealed class IdempotencyStoreFullException(string message) : Exception(message)
{
    /// <summary>
    /// Whether it is the caller alone who has as many keys as one may: the request gets a 429 <c>too-many-keys</c>, and others are served.
    /// Default false.
    /// </summary>
    public bool IsLimitOfCaller { get; init; }
}
