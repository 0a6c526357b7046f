using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>
/// One execution's exclusive hold on a key. Disposed without a completion it gives the key up; after <see cref="Abandon"/> it leaves the
/// key closed until the lease runs out.
/// </summary>
/// <remarks>
/// Each claim has an owner token of its own, so that a holder whose lease ran out can neither overwrite nor release what a later owner wrote.
/// </remarks>
public abstract class IdempotencyClaim : IAsyncDisposable
{
    /// <summary>
    /// Fires when the key may no longer be this claim's: the store says so, or the lease ran out and the store confirmed no renewal of it. A
    /// completion is worth its attempt all the same.
    /// </summary>
    public abstract CancellationToken Lost { get; }

    /// <summary>A number that grows with every claim that takes a key over; null where the store has none.</summary>
    public abstract long? FencingToken { get; }

    /// <summary>The record that this claim was made over (<see cref="ClaimOptions.OverCompleted"/>); null when there was none.</summary>
    public abstract ReadOnlySequence<byte>? PreviousRecord { get; }

    /// <summary>
    /// Writes the record and ends the claim. Succeeds while the key carries this claim's token, even after the lease ended, and when the
    /// store has lost the key altogether; may be called again after it threw.
    /// </summary>
    /// <param name="record">The record; the store copies what it keeps. Valid during the call only.</param>
    /// <param name="retention">How long to keep it; null = for ever.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <returns>What became of the record. The caller disposes it.</returns>
    /// <exception cref="IdempotencyStoreFullException">The store had lost the claim, and has no room for its key any more.</exception>
    public abstract ValueTask<Completion> CompleteAsync(
        ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken);

    /// <summary>Ends renewal and turns <see cref="DisposeAsync"/> into a no-op: the key stays closed until its lease runs out.</summary>
    public abstract void Abandon();

    /// <summary>Gives the key up, unless it was completed, abandoned or lost. Waiters are told.</summary>
    public abstract ValueTask DisposeAsync();
}
