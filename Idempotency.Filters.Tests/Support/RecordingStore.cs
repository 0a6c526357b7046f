using System.Buffers;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Support;

/// <summary>A store that several applications may share, and that shows the storage keys they claimed.</summary>
internal sealed class RecordingStore : IIdempotencyStore, IIdempotencyStoreAdministration
{
    private readonly MemoryIdempotencyStore _inner =
        new(new MemoryStoreOptions(), TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);

    public List<string> Keys { get; } = [];

    public ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken)
    {
        lock (Keys)
            Keys.Add(key.Value);
        return _inner.ClaimAsync(key, options, cancellationToken);
    }

    public ValueTask<ClaimResult> WaitAsync(StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
        _inner.WaitAsync(key, options, timeout, cancellationToken);

    public ValueTask<StoredKey?> FindAsync(StorageKey key, CancellationToken cancellationToken) => _inner.FindAsync(key, cancellationToken);

    public ValueTask<bool> ResolveAsync(
        StorageKey key, StoredKey found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken) =>
        _inner.ResolveAsync(key, found, record, retention, cancellationToken);

    public ValueTask<long> ForgetAsync(string scope, CancellationToken cancellationToken) => _inner.ForgetAsync(scope, cancellationToken);
}
