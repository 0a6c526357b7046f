namespace Idempotency.Filters.Stores.Memory;

/// <summary>The state of a key, as the remarks of <see cref="IIdempotencyStore"/> define it.</summary>
internal enum MemoryKeyState
{
    Free,
    InFlight,
    Completed,
    Interrupted,
}
