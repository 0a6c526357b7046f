namespace Idempotency.Filters.Engine;

/// <summary>What the action asked for through <see cref="IIdempotencyContext"/>.</summary>
internal enum KeepWish : byte
{
    /// <summary>Nothing: the keep rule decides.</summary>
    None,

    /// <summary>Its response is kept, whatever its status.</summary>
    Keep,

    /// <summary>Its response is not kept, whatever its status.</summary>
    Discard,

    /// <summary>Its transaction is rolled back, and its response is not kept, whatever it asks for later.</summary>
    RollBack,
}
