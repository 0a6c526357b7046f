using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>The state of a key, as an attempt to claim it found it.</summary>
public enum ClaimOutcome
{
    /// <summary>No answer: what a result is that nobody made. A store never returns it.</summary>
    None,

    /// <summary>The key was free, and is the caller's now.</summary>
    Acquired,

    /// <summary>Another holder has it.</summary>
    InFlight,

    /// <summary>It has a record.</summary>
    Completed,

    /// <summary>Its holder vanished, and the key is refused until it is resolved.</summary>
    Interrupted,
}
