using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>
/// One execution's exclusive hold on a key. Disposing it before it completed frees the key. After <see cref="Abandon"/>, the key stays
/// closed until the lease runs out.
/// </summary>
/// <remarks>
/// Each claim has its own owner token. So a holder whose lease ran out can neither overwrite nor release what a later owner wrote.
/// </remarks>
public abstract class IdempotencyClaim : IAsyncDisposable
{
    /// <summary>
    /// Fires when this claim may no longer hold the key: the store says so, or the lease ran out without a confirmed renewal. Completing is
    /// still worth an attempt.
    /// </summary>
    public abstract CancellationToken Lost { get; }

    /// <summary>A number that grows each time a claim takes the key over; null if the store has none.</summary>
    public abstract long? FencingToken { get; }

    /// <summary>The record that the key already had (<see cref="ClaimOptions.OverCompleted"/>); null if it had none.</summary>
    public abstract ReadOnlySequence<byte>? PreviousRecord { get; }

    /// <summary>
    /// Runs the action of a transactional claim (<see cref="ClaimOptions.Transactional"/>) inside what its unit of work needs around it:
    /// the transaction is open and belongs to the request's services meanwhile. Called once.
    /// </summary>
    /// <param name="action">Runs the action. It must be called exactly once, and never throws.</param>
    /// <exception cref="Exception">The unit of work could not begin. The action was not called.</exception>
    public virtual ValueTask RunAsync(Func<Task> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return new(action());
    }

    /// <summary>
    /// Says more of an exception that the action of a transactional claim threw because of its unit of work; null = nothing to add.
    /// </summary>
    /// <param name="failure">What the action threw.</param>
    /// <returns>
    /// An exception to throw instead, with the original inside. A <see cref="System.Data.Common.DbException"/> whose SQLSTATE is of class
    /// 40 says that a concurrent transaction made the database roll back.
    /// </returns>
    public virtual Exception? Explain(Exception failure) => null;

    /// <summary>
    /// Undoes what the action of a transactional claim wrote. The claim stays, and a record can still be stored, by itself. Does nothing
    /// for other claims.
    /// </summary>
    public virtual ValueTask RollBackAsync() => default;

    /// <summary>
    /// Stores the record and ends the claim. Succeeds while the key carries this claim's token, even after the lease ended, and also if the
    /// store has lost the key altogether. Can be called again after it threw. For a transactional claim it commits the unit of work
    /// together with the record. Unless the record is stored, nothing of the action stands, or nobody knows. It is called once more at
    /// most: after <see cref="RollBackAsync"/>, with a record that says that the outcome is unknown.
    /// </summary>
    /// <param name="record">The record, valid only during the call. The store copies what it keeps.</param>
    /// <param name="retention">How long to keep the record; null = forever.</param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <returns>What happened to the record. The caller disposes it.</returns>
    /// <exception cref="IdempotencyStoreFullException">The store had lost the claim and has no room for its key any more.</exception>
    public abstract ValueTask<Completion> CompleteAsync(
        ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken);

    /// <summary>Stops renewal and makes <see cref="DisposeAsync"/> do nothing. The key stays closed until its lease runs out.</summary>
    public abstract void Abandon();

    /// <summary>Frees the key and wakes its waiters, unless the claim was completed, abandoned or lost.</summary>
    public abstract ValueTask DisposeAsync();
}
