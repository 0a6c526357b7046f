namespace Idempotency.Filters.Stores;

/// <summary>
/// The unit of work of a request cannot carry its record (<see cref="IdempotencyOptions.Transactional"/>), because of what the application
/// does with it. The request fails, and nothing of it stands. A retry fails alike, until the application is changed.
/// </summary>
/// <param name="message">What the application does, and what to change.</param>
/// <param name="innerException">What led to it; null = nothing.</param>
public sealed class IdempotencyUnitOfWorkException(string message, Exception? innerException = null)
    : InvalidOperationException(message, innerException);
