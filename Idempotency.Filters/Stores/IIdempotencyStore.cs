namespace Idempotency.Filters.Stores;

/// <summary>
/// Where claims and records live: the one seam between the library and a storage technology.
/// </summary>
/// <remarks>
/// <para>
/// A key is in one of four states: free, <em>in flight</em> (somebody holds a claim on it), <em>completed</em> (it has a record), or
/// <em>interrupted</em> (a claim ran out under <see cref="InterruptedBehavior.Block"/>). A store moves a key between these states
/// atomically, keeps records as the opaque bytes that they are, and never hands out bytes that somebody else can still change.
/// </para>
/// <para>
/// A store bounds each of its calls in time by itself. Whatever it throws, other than the cancellation of the caller's own token, is
/// taken as "the store cannot answer": before the action that is a 503, and never a second run.
/// </para>
/// </remarks>
public interface IIdempotencyStore
{
    /// <summary>
    /// How long one call may take before the store gives it up; null = the store does not tell. A policy whose
    /// <see cref="IdempotencyOptions.Lease"/> is not longer is refused at start. Default null.
    /// </summary>
    TimeSpan? OperationTimeout => null;

    /// <summary>Claims <paramref name="key"/> for one execution, or tells why it cannot be claimed now.</summary>
    /// <param name="key">The storage key, as made by <see cref="IIdempotencyKeyEncoder"/>.</param>
    /// <param name="options">How long and on which terms to claim.</param>
    /// <param name="cancellationToken">Gives the attempt up. A claim that the store may have granted by then is released by the store.</param>
    /// <returns>
    /// <see cref="ClaimOutcome.Acquired"/> with the claim, <see cref="ClaimOutcome.InFlight"/>, <see cref="ClaimOutcome.Completed"/> with
    /// the record, or <see cref="ClaimOutcome.Interrupted"/>. The caller disposes the result.
    /// </returns>
    /// <exception cref="IdempotencyStoreFullException">The store has no room for another key.</exception>
    ValueTask<ClaimResult> ClaimAsync(string key, ClaimOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Waits until <paramref name="key"/> is no longer in flight, and then claims it as <see cref="ClaimAsync"/> does: when the holder
    /// completes, every waiter gets its record; when the holder gives the key up, exactly one waiter acquires it and the others go on waiting.
    /// </summary>
    /// <param name="key">The storage key.</param>
    /// <param name="options">How long and on which terms to claim, if this waiter takes over.</param>
    /// <param name="timeout">How long to wait at most; zero or less = not at all.</param>
    /// <param name="cancellationToken">
    /// Ends the wait. Neither the holder nor another waiter notices. A claim that was handed over in the same instant is returned all the same.
    /// </param>
    /// <returns>As <see cref="ClaimAsync"/>; <see cref="ClaimOutcome.InFlight"/> when <paramref name="timeout"/> has passed.</returns>
    ValueTask<ClaimResult> WaitAsync(string key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken);
}
