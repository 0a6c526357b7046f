using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>
/// Implemented in addition to <see cref="IIdempotencyStore"/> by a store that operators can inspect and change. Applications use
/// <c>IIdempotencyAdministration</c>, which takes the client's keys.
/// </summary>
public interface IIdempotencyStoreAdministration
{
    /// <summary>
    /// Whether the store can enumerate its keys, which <see cref="ForgetAsync"/> needs. The library checks this for every store before it
    /// removes anything from one of them. Default true.
    /// </summary>
    bool CanForget => true;

    /// <summary>
    /// Whether the store can list its keys by state. If true, it implements <see cref="ListAsync"/>, <see cref="FindListedAsync"/> and
    /// <see cref="ResolveListedAsync"/>. Default false.
    /// </summary>
    bool CanList => false;

    /// <summary>Returns what the store holds under <paramref name="key"/>. Changes nothing.</summary>
    /// <param name="key">The storage key, made by <see cref="IIdempotencyKeyEncoder"/>.</param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <returns>The content of the key; null if the key is free.</returns>
    ValueTask<StoredKey?> FindAsync(StorageKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Gives a key a record, or frees it, in one atomic step and only if the key has not changed since it was found. Never changes a key
    /// in flight.
    /// </summary>
    /// <param name="key">The storage key.</param>
    /// <param name="found">What <see cref="FindAsync"/> returned.</param>
    /// <param name="record">The record to store, valid only during the call; null frees the key.</param>
    /// <param name="retention">How long to keep the record; null = forever.</param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <returns>False if the key is in flight or has changed since it was found. Nothing was changed then.</returns>
    /// <exception cref="IdempotencyStoreFullException">The store has no room for the record. Nothing was changed.</exception>
    ValueTask<bool> ResolveAsync(
        StorageKey key, StoredKey found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken);

    /// <summary>
    /// Removes all completed and interrupted keys whose storage keys begin with <paramref name="scope"/>. Keys in flight stay.
    /// </summary>
    /// <param name="scope">What <see cref="IIdempotencyKeyEncoder.EncodeScope"/> returned.</param>
    /// <param name="cancellationToken">Stops between two keys. Keys that were removed by then stay removed.</param>
    /// <returns>How many keys were removed.</returns>
    /// <exception cref="NotSupportedException">The store cannot enumerate its keys: <see cref="CanForget"/> is false.</exception>
    ValueTask<long> ForgetAsync(string scope, CancellationToken cancellationToken);

    /// <summary>
    /// Lists keys, in any order and in pages: it reads no further than the caller enumerates. Changes nothing. A key whose state changes
    /// meanwhile may be listed or not, and one key may be listed twice.
    /// </summary>
    /// <param name="options">Which keys to list.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    /// <returns>The keys that are in one of the states when the store looks at them.</returns>
    /// <exception cref="NotSupportedException">The store cannot list its keys: <see cref="CanList"/> is false.</exception>
    IAsyncEnumerable<StoredEntry> ListAsync(ListOptions options, CancellationToken cancellationToken) => throw CannotList();

    /// <summary>Returns what the store holds under a key that it listed, with the whole record. Changes nothing.</summary>
    /// <param name="handle">The <see cref="StoredEntry.Handle"/> of the key. It may come from anywhere.</param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <returns>The key; null if it is free, or the store makes no such handles.</returns>
    /// <exception cref="NotSupportedException">The store cannot list its keys: <see cref="CanList"/> is false.</exception>
    ValueTask<StoredEntry?> FindListedAsync(string handle, CancellationToken cancellationToken) => throw CannotList();

    /// <summary>Does the same as <see cref="ResolveAsync"/>, for a key that <see cref="FindListedAsync"/> found.</summary>
    /// <param name="found">What <see cref="FindListedAsync"/> returned.</param>
    /// <param name="record">The record to store, valid only during the call; null frees the key.</param>
    /// <param name="retention">How long to keep the record; null = forever.</param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <returns>False if the key is in flight or has changed since it was found. Nothing was changed then.</returns>
    /// <exception cref="IdempotencyStoreFullException">The store has no room for the record. Nothing was changed.</exception>
    /// <exception cref="NotSupportedException">The store cannot list its keys: <see cref="CanList"/> is false.</exception>
    ValueTask<bool> ResolveListedAsync(
        StoredEntry found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken) => throw CannotList();

    private NotSupportedException CannotList() => new($"{GetType().Name} cannot list its keys.");
}
