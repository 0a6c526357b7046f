namespace Idempotency.Filters.Stores;

/// <summary>
/// Mutual exclusion across all processes that share a cache: what <c>UseDistributedCache()</c> needs beside the cache, since a cache cannot
/// claim a key in one step.
/// </summary>
/// <remarks>
/// Once acquired, a lock is kept alive for as long as its process lives and its handle is not disposed. It ends by itself some time after
/// the process vanished. The store bounds each call in time; a lock that is granted after nobody waits for it any more is given back.
/// </remarks>
public interface IIdempotencyLock
{
    /// <summary>Acquires the lock of this name if it is free now. Never waits for somebody else to let go of it.</summary>
    /// <param name="name">The storage key, and <c>:lock</c>: it begins with <see cref="IdempotencyOptions.KeyPrefix"/>.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <returns>The lock; null when somebody else has it. Whatever is thrown means that it is unknown, and the action does not run.</returns>
    ValueTask<IdempotencyLockHandle?> TryAcquireAsync(string name, CancellationToken cancellationToken);
}
