using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.EntityFrameworkCore.Waiters;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.EntityFrameworkCore.Store;

/// <summary>What a store, its claims and those who wait share.</summary>
internal sealed class RowStoreContext : IDisposable
{
    // Each takes a connection of the pool, which the actions need.
    private const int ReleasesAtOnce = 4;

    private readonly TimeSpan _timeout;

    public RowStoreContext(DatabaseSource databases, TimeSpan operationTimeout, TimeProvider timeProvider, ILogger logger)
    {
        Databases = databases;
        Logger = logger;
        _timeout = operationTimeout;
        Calls = new(operationTimeout, timeProvider);
        Renewal = new(RenewAsync, timeProvider, logger);
        Releases = new(ReleaseAsync, RowCalls.MayPass, timeProvider, logger, ReleasesAtOnce);
        Waiters = new(WatchAsync, timeProvider);
    }

    public DatabaseSource Databases { get; }

    public RowCalls Calls { get; }

    public ILogger Logger { get; }

    public LeaseRenewal Renewal { get; }

    public ReleaseQueue Releases { get; }

    public RowWaiters Waiters { get; }

    /// <summary>A token that fires when an operation has taken too long, or the caller gives up.</summary>
    public CancellationTokenSource Limit(CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_timeout);
        return limit;
    }

    public void Dispose()
    {
        Renewal.Dispose();
        Releases.Dispose();
    }

    private async Task<RowLook> WatchAsync(Database database, RowKey key) =>
        (await Calls.RunAsync(
            database, (rows, connection, token) => rows.WatchAsync(connection, key, token), CancellationToken.None)).Result;

    private async Task<RenewalAnswer> RenewAsync(RenewedLease lease)
    {
        var claimed = (ClaimedRow)lease.State!;
        var answer = await Calls.RunAsync(
            claimed.Database,
            (rows, connection, token) => rows.RenewAsync(connection, claimed.Key, claimed.Terms, token),
            CancellationToken.None);
        lease.InDoubt |= answer.InDoubt;
        return answer.Result;
    }

    private async Task ReleaseAsync(PendingRelease release, CancellationToken cancellationToken)
    {
        var claimed = (ClaimedRow)release.Lease.State!;
        await Calls.RunAsync(claimed.Database, Release, cancellationToken);
        Waiters.Changed(claimed.Database, release.Lease.Key);

        async Task<bool> Release(IdempotencyRows rows, DbConnection connection, CancellationToken token)
        {
            await rows.ReleaseAsync(connection, claimed.Key, claimed.Terms, token);
            return true;
        }
    }
}
