using System.Buffers.Binary;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>
/// Claims and records in Redis: one script on one key, and so one round trip, for each operation; the server's clock decides.
/// </summary>
internal sealed partial class RedisIdempotencyStore : IIdempotencyStore, IIdempotencyStoreAdministration, IAsyncDisposable, IDisposable
{
    private readonly TimeProvider _timeProvider;
    private readonly KeyWaiters _waiters;

    public RedisIdempotencyStore(
        RedisConnection connection, RedisStoreOptions options, TimeProvider timeProvider, ILogger<RedisIdempotencyStore> logger)
    {
        _timeProvider = timeProvider;
        OperationTimeout = options.OperationTimeout;
        Connection = connection;
        Calls = new(connection, new RedisSilence(connection, options.OperationTimeout, logger), options.OperationTimeout, timeProvider);
        ValueLimit = new(connection, options.OperationTimeout, timeProvider);
        Renewal = new(Calls, timeProvider, logger);
        Releases = new(connection, Calls, timeProvider, logger);
        _waiters = new(timeProvider, async key => await RedisKeyWatch.OpenAsync(this, key, timeProvider, logger));
    }

    public TimeSpan? OperationTimeout { get; }

    public RedisConnection Connection { get; }

    public RedisCalls Calls { get; }

    public RedisValueLimit ValueLimit { get; }

    public LeaseRenewal Renewal { get; }

    public ReleaseQueue Releases { get; }

    public ValueTask<ClaimResult> ClaimAsync(string key, ClaimOptions options, CancellationToken cancellationToken) =>
        AttemptAsync(key, options, null, cancellationToken);

    public ValueTask<ClaimResult> WaitAsync(string key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
        timeout > TimeSpan.Zero
            ? _waiters.WaitAsync(key, options, timeout, cancellationToken)
            : ClaimAsync(key, options, cancellationToken);

    /// <param name="key">The storage key.</param>
    /// <param name="options">How long and on which terms to claim.</param>
    /// <param name="watch">
    /// Who waits for the key, and is told how long the lease of its holder lasts; the holder is asked to send a message when it ends. Null = nobody.
    /// </param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <returns>The result.</returns>
    public async ValueTask<ClaimResult> AttemptAsync(
        string key, ClaimOptions options, RedisKeyWatch? watch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();

        var token = RedisRecord.NewToken();
        RedisKey[] keys = [key];
        // From before the call: what is counted here ends no later than what the server counts.
        var now = Renewal.Now;
        RedisAnswer answer;
        try
        {
            answer = await Calls.EvaluateAsync(RedisScript.Claim, keys, Arguments(token, options, watch is not null), cancellationToken);
        }
        catch (Exception exception) when (exception is not (IdempotencyStoreFullException or RedisServerException or ObjectDisposedException))
        {
            // The server may have granted the claim, or may do so yet.
            _ = Releases.ReleaseAsync(key, keys, token, options.Lease, granted: false, inDoubt: true);
            throw;
        }

        var reply = (byte[])answer.Result!;
        // The key is another's, and may be free when an earlier attempt arrives.
        if (answer.InDoubt && reply[0] != 'A')
            _ = Releases.ReleaseAsync(key, keys, token, options.Lease, granted: false, inDoubt: true);

        switch (reply[0])
        {
            case (byte)'A':
                var lease = new RenewedLease(key, keys, token, options, now) { InDoubt = answer.InDoubt };
                return ClaimResult.Acquired(new RedisClaim(this, lease, options.Lease, reply));
            case (byte)'F':
                watch?.LeaseLeft = TimeSpan.FromMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(reply.AsSpan(1)));
                return ClaimResult.InFlight;
            case (byte)'I':
                return ClaimResult.Interrupted;
            default:
                return ClaimResult.Completed(RedisRecord.Read(reply, 0));
        }
    }

    public void Dispose()
    {
        Renewal.Dispose();
        Releases.Dispose();
        Connection.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private static RedisValue[] Arguments(byte[] token, in ClaimOptions options, bool waits)
    {
        var refuses = options.WhenInterrupted is InterruptedBehavior.Block;
        var lease = RedisTime.Milliseconds(options.Lease);
        return
        [
            token,
            (waits ? 1 : 0) + (refuses ? 2 : 0) + (options.OverCompleted ? 4 : 0),
            lease,
            refuses ? RedisTime.Milliseconds(options.BlockFor) : lease,
            options.RenewFor is { } renewFor ? RedisTime.Milliseconds(renewFor) + lease : 0,
        ];
    }
}
