namespace Idempotency.Filters.Stores.Memory;

/// <summary>What the holder did with its claim.</summary>
internal enum MemoryClaimPhase
{
    Held,
    Abandoned,
    Completed,
    Released,
}
