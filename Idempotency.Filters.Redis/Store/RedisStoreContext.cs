using Idempotency.Filters.Redis.Connection;
using Idempotency.Filters.Redis.Scripts;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Redis.Store;

/// <summary>What a store, its claims and its watches share.</summary>
internal sealed class RedisStoreContext : IAsyncDisposable
{
    public RedisStoreContext(RedisConnection connection, TimeSpan operationTimeout, TimeProvider timeProvider, ILogger logger)
    {
        Connection = connection;
        TimeProvider = timeProvider;
        Logger = logger;
        Calls = new(connection, operationTimeout, timeProvider);
        ValueLimit = new(connection, operationTimeout, timeProvider);
        Renewal = new(RenewAsync, timeProvider, logger);
        Releases = new(ReleaseAsync, exception => RedisErrors.MayPass(exception), timeProvider, logger);
    }

    public RedisConnection Connection { get; }

    public TimeProvider TimeProvider { get; }

    public ILogger Logger { get; }

    public RedisCalls Calls { get; }

    public RedisValueLimit ValueLimit { get; }

    public LeaseRenewal Renewal { get; }

    public ReleaseQueue Releases { get; }

    public ValueTask DisposeAsync()
    {
        Renewal.Dispose();
        Releases.Dispose();
        return Connection.DisposeAsync();
    }

    private async Task<RenewalAnswer> RenewAsync(RenewedLease lease)
    {
        var answer = await Calls.EvaluateAsync(RedisScript.Renew, [lease.Key], [lease.Token], CancellationToken.None);
        lease.InDoubt |= answer.InDoubt;
        return (int)answer.Result switch
        {
            1 => RenewalAnswer.Renewed,
            2 => RenewalAnswer.Completed,
            _ => RenewalAnswer.Lost,
        };
    }

    private Task<RedisAnswer> ReleaseAsync(PendingRelease release, CancellationToken cancellationToken) =>
        Calls.EvaluateAsync(RedisScript.Release, [release.Lease.Key], [release.Lease.Token, Connection.ChannelPrefix], cancellationToken);
}
