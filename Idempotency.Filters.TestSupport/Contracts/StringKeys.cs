using System.Buffers;

namespace Idempotency.Filters.Stores;

/// <summary>Lets tests name keys by their text. The scope ends with the last colon.</summary>
internal static class StringKeys
{
    public static StorageKey ToStorageKey(this string key) => new(key, key.LastIndexOf(':') + 1);

    public static ValueTask<ClaimResult> ClaimAsync(
        this IIdempotencyStore store, string key, ClaimOptions options, CancellationToken cancellationToken) =>
        store.ClaimAsync(key.ToStorageKey(), options, cancellationToken);

    public static ValueTask<ClaimResult> WaitAsync(
        this IIdempotencyStore store, string key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
        store.WaitAsync(key.ToStorageKey(), options, timeout, cancellationToken);

    public static ValueTask<StoredKey?> FindAsync(
        this IIdempotencyStoreAdministration store, string key, CancellationToken cancellationToken) =>
        store.FindAsync(key.ToStorageKey(), cancellationToken);

    public static ValueTask<bool> ResolveAsync(
        this IIdempotencyStoreAdministration store, string key, StoredKey found, ReadOnlySequence<byte>? record, TimeSpan? retention,
        CancellationToken cancellationToken) =>
        store.ResolveAsync(key.ToStorageKey(), found, record, retention, cancellationToken);
}
