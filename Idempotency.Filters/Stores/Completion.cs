using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>The result of writing a record. It owns the buffer of <see cref="Winner"/>: dispose it after use.</summary>
public readonly struct Completion : IDisposable
{
    private readonly IDisposable? _owner;

    private Completion(
        CompletionOutcome outcome, ReadOnlySequence<byte> winner = default, IDisposable? owner = null, Exception? reason = null)
    {
        Outcome = outcome;
        Reason = reason;
        Winner = winner;
        _owner = owner;
    }

    /// <summary>What happened to the record.</summary>
    public CompletionOutcome Outcome { get; }

    /// <summary>
    /// The record that another execution committed, if the outcome is <see cref="CompletionOutcome.Superseded"/>. Valid until this is
    /// disposed.
    /// </summary>
    public ReadOnlySequence<byte> Winner { get; }

    /// <summary>
    /// Why the unit of work was rolled back, if the outcome is <see cref="CompletionOutcome.Conflict"/> or
    /// <see cref="CompletionOutcome.Refused"/>; otherwise null.
    /// </summary>
    public Exception? Reason { get; }

    /// <summary>The record is stored.</summary>
    public static Completion Stored => new(CompletionOutcome.Stored);

    /// <summary>The record is stored, although the store had lost the claim.</summary>
    public static Completion Restored => new(CompletionOutcome.Restored);

    /// <summary>Another owner has the key. Nothing was written.</summary>
    public static Completion LeaseLost => new(CompletionOutcome.LeaseLost);

    /// <summary>The store has no room for a record of this size. The claim still holds the key.</summary>
    public static Completion TooLarge => new(CompletionOutcome.TooLarge);

    /// <summary>Another execution committed first. This one's effects were rolled back with its unit of work.</summary>
    /// <param name="winner">The other execution's record.</param>
    /// <param name="owner">
    /// Disposed with the completion, to give back the buffer of the bytes; null = there is nothing to give back.
    /// </param>
    public static Completion Superseded(ReadOnlySequence<byte> winner, IDisposable? owner = null) =>
        new(CompletionOutcome.Superseded, winner, owner);

    /// <summary>The unit of work met a concurrent one, and was rolled back. The same operation may succeed later.</summary>
    /// <param name="reason">What the database said.</param>
    public static Completion Conflict(Exception reason) => new(CompletionOutcome.Conflict, reason: reason);

    /// <summary>The unit of work cannot be committed, now or later, and was rolled back.</summary>
    /// <param name="reason">What the database said.</param>
    public static Completion Refused(Exception reason) => new(CompletionOutcome.Refused, reason: reason);

    /// <summary>Gives back the buffer of <see cref="Winner"/>.</summary>
    public void Dispose() => _owner?.Dispose();
}
