namespace Idempotency.Filters.Stores.Shared;

/// <summary>How a store that other processes write too follows one key, for all in this process who wait for it.</summary>
internal abstract class KeyWatch : IAsyncDisposable
{
    /// <summary>
    /// Claims the key as <see cref="IIdempotencyStore.ClaimAsync"/> does. A change after an answer "in flight" ends
    /// <see cref="ChangedAsync"/>.
    /// </summary>
    public abstract ValueTask<ClaimResult> TryClaimAsync(ClaimOptions options);

    /// <summary>Returns when the key may no longer be in flight; too early does no harm.</summary>
    /// <param name="nobodyWaits">Its end ends this at once, too.</param>
    public abstract Task ChangedAsync(Task nobodyWaits);

    public abstract ValueTask DisposeAsync();
}
