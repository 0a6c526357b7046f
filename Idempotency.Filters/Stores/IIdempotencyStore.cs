namespace Idempotency.Filters.Stores;

/// <summary>
/// Stores claims and records. This is the only interface between the library and a storage technology.
/// </summary>
/// <remarks>
/// <para>
/// A key is in one of four states: free, <em>in flight</em> (somebody holds a claim on it), <em>completed</em> (it has a record), or
/// <em>interrupted</em> (a claim ran out under <see cref="InterruptedBehavior.Block"/>). A store must move a key between these states
/// atomically. Records are opaque bytes to it, and it must never return bytes that somebody else can still change.
/// </para>
/// <para>
/// A store must limit the duration of each call itself. Before the action, any exception except cancellation by the caller's own token
/// means 503, and the action does not run. The type of the exception says why:
/// </para>
/// <list type="bullet">
/// <item>
/// <see cref="InvalidDataException"/>: the key holds something that this store cannot read. Such a key is not free, because the action may
/// have run. The client gets <c>record-unreadable</c>.
/// </item>
/// <item>
/// <see cref="IdempotencyStoreFullException"/>: there is no room for the key. The client gets <c>store-unavailable</c>, as with all that
/// follow, or <c>too-many-keys</c> if <see cref="IdempotencyStoreFullException.IsLimitOfCaller"/> says that others have room.
/// </item>
/// <item>
/// <see cref="TimeoutException"/>, <see cref="OperationCanceledException"/>, <see cref="IOException"/> (not a derived type) and
/// <see cref="System.Net.Sockets.SocketException"/>, thrown or as an inner exception: the store could not be reached. Only then
/// <see cref="IdempotencyOptions.WhenStoreIsDown"/> may let the action run. A store whose client throws another exception for this wraps it
/// in one of these.
/// </item>
/// <item>
/// <see cref="IdempotencyUnitOfWorkException"/>: the application must be changed. It flows on as if the action had thrown it.
/// </item>
/// <item>Any other: nobody knows what the key holds.</item>
/// </list>
/// </remarks>
public interface IIdempotencyStore
{
    /// <summary>
    /// How long one call may take before the store gives up; null = unknown. It must be below every policy's
    /// <see cref="IdempotencyOptions.Lease"/>, or the application does not start. Default null.
    /// </summary>
    TimeSpan? OperationTimeout => null;

    /// <summary>
    /// Says why the store cannot grant claims on these terms; null = it can. Asked at start, for each policy that uses the store; a reason
    /// keeps the application from starting. By default a store has no objection, except to <see cref="ClaimOptions.Transactional"/>.
    /// </summary>
    /// <param name="options">How keys would be claimed.</param>
    /// <returns>A sentence that says what to change.</returns>
    string? ObjectionTo(in ClaimOptions options) => options.Transactional
        ? "The store cannot commit records together with the application's data, which Transactional asks for: choose a store that can, "
            + "with UseEntityFramework<TContext>(), or remove Transactional."
        : null;

    /// <summary>Claims <paramref name="key"/> for one execution, or says why it cannot be claimed now.</summary>
    /// <param name="key">The storage key, made by <see cref="IIdempotencyKeyEncoder"/>.</param>
    /// <param name="options">How to claim the key.</param>
    /// <param name="cancellationToken">
    /// Gives up the attempt. If the store may have granted the claim by then, the store itself releases it.
    /// </param>
    /// <returns>
    /// <see cref="ClaimOutcome.Acquired"/> with the claim, <see cref="ClaimOutcome.InFlight"/>, <see cref="ClaimOutcome.Completed"/> with
    /// the record, or <see cref="ClaimOutcome.Interrupted"/>. The caller disposes the result.
    /// </returns>
    /// <exception cref="IdempotencyStoreFullException">The store has no room for another key.</exception>
    /// <exception cref="InvalidDataException">The key holds something that this store cannot read.</exception>
    ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Waits until <paramref name="key"/> is no longer in flight, then claims it like <see cref="ClaimAsync"/>. When the holder completes,
    /// every waiter gets its record. When the holder releases the key, exactly one waiter acquires it and the others keep waiting.
    /// </summary>
    /// <param name="key">The storage key.</param>
    /// <param name="options">How to claim the key if this waiter takes over.</param>
    /// <param name="timeout">The longest time to wait; zero or less = do not wait.</param>
    /// <param name="cancellationToken">
    /// Ends the wait without disturbing the holder or another waiter. A claim that was granted in the same instant is still returned.
    /// </param>
    /// <returns>As <see cref="ClaimAsync"/>, or <see cref="ClaimOutcome.InFlight"/> when <paramref name="timeout"/> is over.</returns>
    /// <exception cref="IdempotencyStoreFullException">The store has no room for another key.</exception>
    /// <exception cref="InvalidDataException">The key holds something that this store cannot read.</exception>
    ValueTask<ClaimResult> WaitAsync(StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken);
}
