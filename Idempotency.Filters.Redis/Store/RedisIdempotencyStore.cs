using Idempotency.Filters.Redis.Connection;
using Idempotency.Filters.Redis.Scripts;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Redis.Store;

/// <summary>
/// Claims and records in Redis. Each operation is one script on one key, and so one round trip; the server's clock decides.
/// </summary>
internal sealed partial class RedisIdempotencyStore : IDrainedStore, IIdempotencyStoreAdministration, IAsyncDisposable, IDisposable
{
    private readonly RedisStoreContext _context;
    private readonly RedisClaimer _claimer;
    private readonly KeyWaiters _waiters;

    public RedisIdempotencyStore(
        RedisConnection connection, RedisStoreOptions options, TimeProvider timeProvider, ILogger<RedisIdempotencyStore> logger)
    {
        OperationTimeout = options.OperationTimeout;
        _context = new(connection, options.OperationTimeout, timeProvider, logger);
        _claimer = new(_context);
        _waiters = new(timeProvider, async key => await RedisKeyWatch.OpenAsync(_context, _claimer, key));
    }

    public TimeSpan? OperationTimeout { get; }

    public RedisConnection Connection => _context.Connection;

    public RedisCalls Calls => _context.Calls;

    public ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken) =>
        _claimer.ClaimAsync(key.Value, options, cancellationToken);

    public ValueTask<ClaimResult> WaitAsync(StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
        timeout > TimeSpan.Zero
            ? _waiters.WaitAsync(key.Value, options, timeout, cancellationToken)
            : ClaimAsync(key, options, cancellationToken);

    public Task DrainAsync(CancellationToken timeIsUp) => _context.Releases.DrainAsync(timeIsUp);

    /// <summary>For services that are disposed synchronously: the connection closes behind it.</summary>
    public void Dispose() => RedisCalls.Forget(DisposeAsync().AsTask());

    public ValueTask DisposeAsync() => _context.DisposeAsync();
}
