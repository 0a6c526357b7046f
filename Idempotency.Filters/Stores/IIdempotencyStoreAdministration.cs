using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>
/// What a store that can be administered implements beside <see cref="IIdempotencyStore"/>. Applications use
/// <c>IIdempotencyAdministration</c>, which takes the client's keys.
/// </summary>
public interface IIdempotencyStoreAdministration
{
    /// <summary>
    /// Whether the store can enumerate its keys, as <see cref="ForgetAsync"/> needs: asked before anything is removed from any store. Default true.
    /// </summary>
    bool CanForget => true;

    /// <summary>Tells what the store holds under <paramref name="key"/>. Changes nothing.</summary>
    /// <param name="key">The storage key, as made by <see cref="IIdempotencyKeyEncoder"/>.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <returns>Null when the key is free.</returns>
    ValueTask<StoredKey?> FindAsync(string key, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces what a key holds, by a record or by nothing, in one step and only if the key is still as it was found. A key in flight is
    /// never changed.
    /// </summary>
    /// <param name="key">The storage key.</param>
    /// <param name="found">What <see cref="FindAsync"/> answered.</param>
    /// <param name="record">The record that the key holds from now on, valid during the call only; null frees the key.</param>
    /// <param name="retention">How long to keep the record; null = for ever.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <returns>False when the key is in flight, or no longer as it was found; nothing was changed then.</returns>
    /// <exception cref="IdempotencyStoreFullException">The store has no room for the record; nothing was changed.</exception>
    ValueTask<bool> ResolveAsync(
        string key, StoredKey found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken);

    /// <summary>Removes all records, and all interrupted keys, whose storage keys begin with <paramref name="scope"/>. Keys in flight stay.</summary>
    /// <param name="scope">What <see cref="IIdempotencyKeyEncoder.EncodeScope"/> made.</param>
    /// <param name="cancellationToken">Ends it between two keys; what was removed by then stays removed.</param>
    /// <returns>How many keys were removed.</returns>
    /// <exception cref="NotSupportedException">The store cannot enumerate its keys: <see cref="CanForget"/> is false.</exception>
    ValueTask<long> ForgetAsync(string scope, CancellationToken cancellationToken);
}
