using Idempotency.Filters.Internal;

namespace Idempotency.Filters;

/// <summary>What is known of a key that is not free.</summary>
public sealed class FoundKey
{
    internal FoundKey(FoundKeyState state) => State = state;

    internal FoundKey(FoundKeyState state, in ResponseRecord record)
        : this(state)
    {
        Created = record.Created;
        if (state is FoundKeyState.Completed)
            Response = new StoredResponse(record);
    }

    /// <summary>What the next request with the key meets.</summary>
    public FoundKeyState State { get; }

    /// <summary>
    /// When the action ended, or an operator resolved the key, by the clock of the process that recorded it; null without a readable record.
    /// </summary>
    public DateTimeOffset? Created { get; }

    /// <summary>The answer that retries get; null unless <see cref="FoundKeyState.Completed"/>.</summary>
    public StoredResponse? Response { get; }
}

/// <summary>The state of a key, as operators see it.</summary>
public enum FoundKeyState
{
    /// <summary>A request with the key runs now; others get <c>in-flight</c>, or wait.</summary>
    InFlight,

    /// <summary>The key has an answer, which retries get.</summary>
    Completed,

    /// <summary>
    /// Whoever ran the action vanished, or hung, under <see cref="InterruptedBehavior.Refuse"/>; retries get <c>outcome-unknown</c>. Its answer may
    /// still come. Can be resolved.
    /// </summary>
    Interrupted,

    /// <summary>The action threw, or answered 5xx, under <see cref="FailureBehavior.Refuse"/>; retries get <c>outcome-unknown</c>. Can be resolved.</summary>
    Failed,

    /// <summary>
    /// The action ran, but its answer was too large to keep, was streamed, or may have been cut short; retries get <c>not-replayable</c>. Can be resolved.
    /// </summary>
    NotReplayable,

    /// <summary>
    /// There is a record that cannot be read: the protector lost its key, it was damaged, or a newer version wrote it; retries get
    /// <c>record-unreadable</c>. The reason is logged. Can be resolved.
    /// </summary>
    Unreadable,
}
