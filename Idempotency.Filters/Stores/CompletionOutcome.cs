using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>What became of a record that a holder wrote.</summary>
public enum CompletionOutcome
{
    /// <summary>No answer: what a completion is that nobody made. A store never returns it.</summary>
    None,

    /// <summary>It is stored.</summary>
    Stored,

    /// <summary>It is stored, although the store had lost the claim in between.</summary>
    Restored,

    /// <summary>Another owner has the key: the lease had run out and the key was taken over. Nothing was written.</summary>
    LeaseLost,

    /// <summary>A transactional store found another execution's record and undid this one's effects.</summary>
    Superseded,

    /// <summary>The store has no room for a record of this size. The claim still stands: a small record always has room.</summary>
    TooLarge,
}
