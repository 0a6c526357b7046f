using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>A store's answer to an attempt to claim a key. It owns the buffer of its record: dispose it after use.</summary>
public readonly struct ClaimResult : IDisposable, IAsyncDisposable
{
    // What gives the record's buffer back, or what claims again.
    private readonly object? _owner;

    private ClaimResult(ClaimOutcome outcome, IdempotencyClaim? claim, ReadOnlySequence<byte> record, object? owner)
    {
        Outcome = outcome;
        Claim = claim;
        Record = record;
        _owner = owner;
    }

    /// <summary>What the attempt found.</summary>
    public ClaimOutcome Outcome { get; }

    /// <summary>The claim, if the outcome is <see cref="ClaimOutcome.Acquired"/>; otherwise null.</summary>
    public IdempotencyClaim? Claim { get; }

    /// <summary>
    /// The record, or its beginning, if the outcome is <see cref="ClaimOutcome.Completed"/>. Valid until this result is disposed.
    /// </summary>
    public ReadOnlySequence<byte> Record { get; }

    /// <summary>Whether <see cref="Record"/> is only the beginning of the record.</summary>
    public bool IsPartial => _owner is Func<CancellationToken, ValueTask<ClaimResult>>;

    /// <summary>Another holder has the key.</summary>
    public static ClaimResult InFlight => new(ClaimOutcome.InFlight, null, default, null);

    /// <summary>
    /// The holder's lease ran out under <see cref="InterruptedBehavior.Block"/>. Nobody knows whether its action took effect.
    /// </summary>
    public static ClaimResult Interrupted => new(ClaimOutcome.Interrupted, null, default, null);

    /// <summary>The caller now holds the key.</summary>
    /// <param name="claim">The claim. It outlives this result, and its holder disposes it.</param>
    public static ClaimResult Acquired(IdempotencyClaim claim) => new(ClaimOutcome.Acquired, claim, default, null);

    /// <summary>The key has a record.</summary>
    /// <param name="record">The bytes that <see cref="IdempotencyClaim.CompleteAsync"/> was given.</param>
    /// <param name="owner">
    /// Disposed with the result, to give back the buffer of the bytes; asynchronously, if it is an <see cref="IAsyncDisposable"/> as well.
    /// Null = there is nothing to give back.
    /// </param>
    public static ClaimResult Completed(ReadOnlySequence<byte> record, IDisposable? owner = null) =>
        new(ClaimOutcome.Completed, null, record, owner);

    /// <summary>The key has a large record, of which only the beginning was read.</summary>
    /// <param name="beginning">At least <see cref="ClaimOptions.PreviewLength"/> bytes.</param>
    /// <param name="claimAgain">What <see cref="ClaimAgainAsync"/> does. It never answers in part.</param>
    public static ClaimResult CompletedInPart(
        ReadOnlySequence<byte> beginning, Func<CancellationToken, ValueTask<ClaimResult>> claimAgain)
    {
        ArgumentNullException.ThrowIfNull(claimAgain);
        return new(ClaimOutcome.Completed, null, beginning, claimAgain);
    }

    /// <summary>
    /// Claims the key again on the same terms, and reads its record whole. That may be gone by now, or another: the answer is as that of
    /// any claim.
    /// </summary>
    /// <param name="cancellationToken">Gives up the attempt, as in <see cref="IIdempotencyStore.ClaimAsync"/>.</param>
    /// <exception cref="InvalidOperationException">This result is not partial.</exception>
    public ValueTask<ClaimResult> ClaimAgainAsync(CancellationToken cancellationToken) =>
        _owner is Func<CancellationToken, ValueTask<ClaimResult>> claimAgain
            ? claimAgain(cancellationToken)
            : throw new InvalidOperationException("Only a partial result is followed by another.");

    /// <summary>Gives back the buffer of <see cref="Record"/>.</summary>
    public void Dispose() => (_owner as IDisposable)?.Dispose();

    /// <summary>Gives back the buffer of <see cref="Record"/>, and waits for what else its owner ends.</summary>
    public ValueTask DisposeAsync()
    {
        if (_owner is IAsyncDisposable owner)
            return owner.DisposeAsync();

        Dispose();
        return default;
    }
}
