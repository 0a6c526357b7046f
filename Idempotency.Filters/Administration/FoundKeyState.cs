namespace Idempotency.Filters;

/// <summary>The state of a key, as operators see it.</summary>
public enum FoundKeyState
{
    /// <summary>A request with the key is running. Others get <c>in-flight</c>, or wait.</summary>
    InFlight,

    /// <summary>The key has an answer. Retries get it.</summary>
    Completed,

    /// <summary>
    /// The process that ran the action died, hung, or lost the store, under <see cref="InterruptedBehavior.Block"/>. Retries get
    /// <c>outcome-unknown</c>. The answer may still arrive. Can be resolved.
    /// </summary>
    Interrupted,

    /// <summary>
    /// The action threw or answered 5xx, under <see cref="FailureBehavior.Block"/>. Retries get <c>outcome-unknown</c>. Can be resolved.
    /// </summary>
    Failed,

    /// <summary>
    /// The action ran, but its answer was too large to keep, was streamed, or may have been cut short. Retries get <c>not-replayable</c>.
    /// Can be resolved.
    /// </summary>
    NotReplayable,

    /// <summary>
    /// The record cannot be read: its protection key is lost, it is damaged, or a newer version of the library wrote it. Retries get
    /// <c>record-unreadable</c>. The log gives the reason. Can be resolved.
    /// </summary>
    Unreadable,
}
