namespace Idempotency.Filters.Stores;

/// <summary>
/// A lock that all processes sharing a cache share too. <c>UseDistributedCache()</c> needs it because a cache cannot claim a key in one
/// step.
/// </summary>
/// <remarks>
/// An acquired lock must stay alive while its process lives and its handle is not disposed. It must end by itself some time after the
/// process vanished. The store limits the duration of each call, and releases a lock that arrives after it stopped waiting.
/// </remarks>
public interface IIdempotencyLock
{
    /// <summary>Acquires the lock of this name if it is free now. Must not wait until another holder releases it.</summary>
    /// <param name="name">
    /// The storage key followed by <c>:lock</c>. It begins with <see cref="IdempotencyOptions.KeyPrefix"/>.
    /// </param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <returns>
    /// The lock; null if somebody else has it. An exception means that nobody knows, and the store counts as unavailable.
    /// </returns>
    ValueTask<IdempotencyLockHandle?> TryAcquireAsync(string name, CancellationToken cancellationToken);
}
