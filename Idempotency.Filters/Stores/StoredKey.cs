namespace Idempotency.Filters.Stores;

/// <summary>What a store holds under a key.</summary>
/// <param name="State">
/// <see cref="ClaimOutcome.InFlight"/>, <see cref="ClaimOutcome.Completed"/> or <see cref="ClaimOutcome.Interrupted"/>.
/// </param>
/// <param name="Record">The record, in memory that the caller owns. Empty unless <see cref="ClaimOutcome.Completed"/>.</param>
/// <param name="Version">Differs from the version of any later content of the key. Each store defines its own format.</param>
public sealed record StoredKey(ClaimOutcome State, ReadOnlyMemory<byte> Record, string Version);
