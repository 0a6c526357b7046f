using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Store;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.EntityFrameworkCore.Hosting;

/// <summary>
/// Removes rows that are over, from every database that a store has met. Any process may do it, and several may at once: none waits for a
/// row that another removes, where the database can skip it.
/// </summary>
internal sealed class Cleanup(
    IServiceProvider services,
    IEnumerable<StoreName<EfIdempotencyStore>> names,
    IOptionsMonitor<EntityFrameworkStoreOptions> options,
    TimeProvider timeProvider,
    CleanupMetrics metrics,
    ILogger<EfIdempotencyStore> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(names.Distinct().Select(name => CleanUpAsync(name, stoppingToken)));

    private async Task CleanUpAsync(StoreName<EfIdempotencyStore> name, CancellationToken stoppingToken)
    {
        var settings = options.Get(name.Value ?? Microsoft.Extensions.Options.Options.DefaultName);
        if (settings.CleanupInterval is not { } interval || name.StoreIn(services) is not { } store)
            return;

        using var timer = new PeriodicTimer(interval, timeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var database in store.Databases.Known.ToList())
                    await CleanUpAsync(name, store, database, settings.CleanupBatch, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Another process goes on, or this one after its next start.
        }
    }

    private async Task CleanUpAsync(
        StoreName<EfIdempotencyStore> name, EfIdempotencyStore store, Database database, int batch, CancellationToken stoppingToken)
    {
        var started = timeProvider.GetTimestamp();
        try
        {
            int removed;
            do
            {
                (removed, batch) = await CleanUpAsync(store, database, batch, stoppingToken);
                metrics.Removed(name, removed);
            }
            while (removed >= batch);

            metrics.Took(name, timeProvider.GetElapsedTime(started));
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            // The next turn removes what this one left.
            StoreLog.CleanupFailed(logger, exception, name, database.Table.DisplayName);
        }
    }

    /// <summary>Takes fewer rows if the database cannot remove as many in the time of an operation: their records may be large.</summary>
    private static async Task<(int Removed, int Batch)> CleanUpAsync(
        EfIdempotencyStore store, Database database, int batch, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                return (await store.CleanUpAsync(database, batch, stoppingToken), batch);
            }
            catch (TimeoutException exception)
                when (batch > 1 && exception.InnerException is TimeoutException or OperationCanceledException)
            {
                // It works, but too slowly. One that cannot be reached says so in another way.
                batch /= 2;
            }
        }
    }
}
