using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>What a store holds under a key.</summary>
/// <param name="State"><see cref="ClaimOutcome.InFlight"/>, <see cref="ClaimOutcome.Completed"/> or <see cref="ClaimOutcome.Interrupted"/>.</param>
/// <param name="Record">The record, in memory that belongs to the caller; with <see cref="ClaimOutcome.Completed"/> only.</param>
/// <param name="Version">Tells this content of the key from a later one. Its meaning is the store's own.</param>
public sealed record StoredKey(ClaimOutcome State, ReadOnlyMemory<byte> Record, string Version);
