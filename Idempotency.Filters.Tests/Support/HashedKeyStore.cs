using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Support;

/// <summary>A store that can list its keys, but not say what they are: its entries have only the digests.</summary>
internal sealed class HashedKeyStore : IIdempotencyStore, IIdempotencyStoreAdministration
{
    private readonly MemoryIdempotencyStore _inner =
        new(new MemoryStoreOptions(), TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);

    private readonly ConcurrentDictionary<string, string> _keys = [];

    public bool CanList => true;

    /// <summary>How often each key is listed.</summary>
    public int Times { get; set; } = 1;

    public ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken)
    {
        _keys[Convert.ToHexStringLower(Digest(key.Value))] = key.Value;
        return _inner.ClaimAsync(key, options, cancellationToken);
    }

    public ValueTask<ClaimResult> WaitAsync(StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
        _inner.WaitAsync(key, options, timeout, cancellationToken);

    public ValueTask<StoredKey?> FindAsync(StorageKey key, CancellationToken cancellationToken) => _inner.FindAsync(key, cancellationToken);

    public ValueTask<bool> ResolveAsync(
        StorageKey key, StoredKey found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken) =>
        _inner.ResolveAsync(key, found, record, retention, cancellationToken);

    public ValueTask<long> ForgetAsync(string scope, CancellationToken cancellationToken) => _inner.ForgetAsync(scope, cancellationToken);

    public async IAsyncEnumerable<StoredEntry> ListAsync(
        ListOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in _inner.ListAsync(options, cancellationToken))
        {
            for (var i = 0; i < Times; i++)
                yield return Hashed(entry)!;
        }
    }

    public async ValueTask<StoredEntry?> FindListedAsync(string handle, CancellationToken cancellationToken) =>
        _keys.TryGetValue(handle, out var key) ? Hashed(await _inner.FindListedAsync(key, cancellationToken)) : null;

    public ValueTask<bool> ResolveListedAsync(
        StoredEntry found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken) =>
        _inner.ResolveAsync(new StorageKey(_keys[found.Handle], 0), found.Content, record, retention, cancellationToken);

    private static StoredEntry? Hashed(StoredEntry? entry) => entry is null ? null : entry with
    {
        Handle = Convert.ToHexStringLower(Digest(entry.Handle)), StorageKey = null, KeyDigest = Digest(entry.Handle),
    };

    private static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key))[..16];
}
