namespace Idempotency.Filters.Stores;

/// <summary>What an attempt to claim a key found.</summary>
public enum ClaimOutcome
{
    /// <summary>Not an answer: the value of a default <see cref="ClaimResult"/>. A store never returns it.</summary>
    None,

    /// <summary>The caller now holds the key.</summary>
    Acquired,

    /// <summary>Another holder has the key.</summary>
    InFlight,

    /// <summary>The key has a record.</summary>
    Completed,

    /// <summary>
    /// The holder vanished under <see cref="InterruptedBehavior.Block"/>. The key stays blocked until an operator resolves it, or for
    /// <see cref="ClaimOptions.BlockFor"/>.
    /// </summary>
    Interrupted,
}
