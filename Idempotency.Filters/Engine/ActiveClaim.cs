using Idempotency.Filters.Primitives;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Engine;

/// <summary>A claim in the engine's hands. It outlives its request when the completion goes on in the background.</summary>
/// <param name="Claim">The store's claim.</param>
/// <param name="Key">Its key.</param>
/// <param name="Store">What metrics call its store.</param>
/// <param name="Patience">How long the claim can be held at most, and so how long it makes sense to go on trying to complete it.</param>
internal readonly record struct ActiveClaim(IdempotencyClaim Claim, StorageKey Key, string Store, TimeSpan Patience)
{
    public KeyHash KeyHash => new(Key.Value);
}
