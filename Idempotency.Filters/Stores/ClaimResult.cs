using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>What a store answered to an attempt to claim a key. Owns the buffer of its record: dispose it after use.</summary>
public readonly struct ClaimResult : IDisposable
{
    private readonly IDisposable? _owner;

    private ClaimResult(ClaimOutcome outcome, IdempotencyClaim? claim, ReadOnlySequence<byte> record, IDisposable? owner)
    {
        Outcome = outcome;
        Claim = claim;
        Record = record;
        _owner = owner;
    }

    /// <summary>The state in which the attempt found, or left, the key.</summary>
    public ClaimOutcome Outcome { get; }

    /// <summary>The claim, with <see cref="ClaimOutcome.Acquired"/>; otherwise null.</summary>
    public IdempotencyClaim? Claim { get; }

    /// <summary>The record, with <see cref="ClaimOutcome.Completed"/>; valid until this result is disposed.</summary>
    public ReadOnlySequence<byte> Record { get; }

    /// <summary>Another holder has the key.</summary>
    public static ClaimResult InFlight => new(ClaimOutcome.InFlight, null, default, null);

    /// <summary>The lease of a holder ran out under <see cref="InterruptedBehavior.Block"/>; nobody knows how its work ended.</summary>
    public static ClaimResult Interrupted => new(ClaimOutcome.Interrupted, null, default, null);

    /// <summary>The key is the caller's.</summary>
    /// <param name="claim">The claim. It outlives the result: its holder disposes it.</param>
    public static ClaimResult Acquired(IdempotencyClaim claim) => new(ClaimOutcome.Acquired, claim, default, null);

    /// <summary>The key has a record.</summary>
    /// <param name="record">The bytes that were handed to <see cref="IdempotencyClaim.CompleteAsync"/>.</param>
    /// <param name="owner">Disposed with the result, when the bytes live in a buffer to give back; null otherwise.</param>
    public static ClaimResult Completed(ReadOnlySequence<byte> record, IDisposable? owner = null) =>
        new(ClaimOutcome.Completed, null, record, owner);

    /// <summary>Gives the buffer of <see cref="Record"/> back.</summary>
    public void Dispose() => _owner?.Dispose();
}
