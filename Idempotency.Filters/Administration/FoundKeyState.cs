namespace Idempotency.Filters;

/// <summary>The state of a key, as operators see it.</summary>
public enum FoundKeyState
{
    /// <summary>A request with the key runs now; others get <c>in-flight</c>, or wait.</summary>
    InFlight,

    /// <summary>The key has an answer, which retries get.</summary>
    Completed,

    /// <summary>
    /// Whoever ran the action vanished, or hung, under <see cref="InterruptedBehavior.Block"/>; retries get <c>outcome-unknown</c>. Its answer may
    /// still come. Can be resolved.
    /// </summary>
    Interrupted,

    /// <summary>The action threw, or answered 5xx, under <see cref="FailureBehavior.Block"/>; retries get <c>outcome-unknown</c>. Can be resolved.</summary>
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
