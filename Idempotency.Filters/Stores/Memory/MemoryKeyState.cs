namespace Idempotency.Filters.Stores.Memory;

/// <summary>The state of a key; see the remarks of <see cref="IIdempotencyStore"/>.</summary>
internal enum MemoryKeyState
{
    Free,
    InFlight,
    Completed,
    Interrupted,
}
