using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>What became of a record that a holder wrote. Owns the buffer of <see cref="Winner"/>: dispose it after use.</summary>
public readonly struct Completion : IDisposable
{
    private readonly IDisposable? _owner;

    private Completion(CompletionOutcome outcome, ReadOnlySequence<byte> winner = default, IDisposable? owner = null)
    {
        Outcome = outcome;
        Winner = winner;
        _owner = owner;
    }

    /// <summary>What became of the record.</summary>
    public CompletionOutcome Outcome { get; }

    /// <summary>The record that stands instead, with <see cref="CompletionOutcome.Superseded"/>; valid until this is disposed.</summary>
    public ReadOnlySequence<byte> Winner { get; }

    /// <summary>The record is stored.</summary>
    public static Completion Stored => new(CompletionOutcome.Stored);

    /// <summary>The record is stored, although the store had lost the claim.</summary>
    public static Completion Restored => new(CompletionOutcome.Restored);

    /// <summary>Another owner has the key; nothing was written.</summary>
    public static Completion LeaseLost => new(CompletionOutcome.LeaseLost);

    /// <summary>The store has no room for a record of this size; the claim still stands.</summary>
    public static Completion TooLarge => new(CompletionOutcome.TooLarge);

    /// <summary>Another execution committed first, and this one's effects were undone with its unit of work.</summary>
    /// <param name="winner">The record that stands.</param>
    /// <param name="owner">Disposed with the completion, when the bytes live in a buffer to give back; null otherwise.</param>
    public static Completion Superseded(ReadOnlySequence<byte> winner, IDisposable? owner = null) =>
        new(CompletionOutcome.Superseded, winner, owner);

    /// <summary>Gives the buffer of <see cref="Winner"/> back.</summary>
    public void Dispose() => _owner?.Dispose();
}
