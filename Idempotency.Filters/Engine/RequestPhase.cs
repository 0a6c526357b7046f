namespace Idempotency.Filters.Engine;

/// <summary>How far a covered request has come. The order counts: a request never goes back.</summary>
internal enum RequestPhase : byte
{
    /// <summary>Its key is read and claimed.</summary>
    Entered,

    /// <summary>Its key is in flight elsewhere, and it waits.</summary>
    Waiting,

    /// <summary>It holds the claim, and its handler runs.</summary>
    Running,

    /// <summary>Its response outgrew the buffer: the keep rule has decided, and the handler still runs.</summary>
    Overflowed,

    /// <summary>The handler has ended, and what becomes of the key is decided.</summary>
    Settled,

    /// <summary>The store has answered the completion: nothing is left to give up.</summary>
    Recorded,

    /// <summary>The store failed, and the completion goes on in the background, together with the claim.</summary>
    HandedOver,

    /// <summary>The claim was given up.</summary>
    Released,

    /// <summary>The engine is done with it.</summary>
    Left,
}
