namespace Idempotency.Filters.Stores;

/// <summary>What happened to a record that a holder wrote.</summary>
public enum CompletionOutcome
{
    /// <summary>Not an answer: the value of a default <see cref="Completion"/>. A store never returns it.</summary>
    None,

    /// <summary>The record is stored.</summary>
    Stored,

    /// <summary>The record is stored, although the store had lost the claim.</summary>
    Restored,

    /// <summary>Another owner has the key: the lease ran out and somebody took the key over. Nothing was written.</summary>
    LeaseLost,

    /// <summary>A transactional store found another execution's record and rolled back this one's effects.</summary>
    Superseded,

    /// <summary>The store has no room for a record of this size. The claim still holds the key, and a small record always fits.</summary>
    TooLarge,

    /// <summary>
    /// A transactional store rolled the unit of work back, because of a deadlock or a serialization failure. The same operation may succeed
    /// later.
    /// </summary>
    Conflict,

    /// <summary>
    /// A transactional store rolled the unit of work back, because it can never be committed: the action went on after a failed command, or
    /// a constraint that is checked at the end is violated.
    /// </summary>
    Refused,
}
