using Idempotency.Filters.Redis.Scripts;
using Idempotency.Filters.Redis.Store;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Hosting;

/// <summary>Looks at the server of every Redis store before the application serves requests; of a cluster, at one.</summary>
internal sealed class RedisStartCheck(
    IServiceProvider services,
    IEnumerable<StoreName<RedisIdempotencyStore>> names,
    IOptionsMonitor<RedisStoreOptions> options,
    TimeProvider timeProvider,
    ILogger<RedisIdempotencyStore> logger) : IHostedService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly Version OldestVersion = new(6, 2);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (DocumentHost.IsRunning)
            return;

        foreach (var name in names.Distinct())
        {
            if (name.StoreIn(services) is { } store)
                await CheckAsync(store, name, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task CheckAsync(RedisIdempotencyStore store, StoreName<RedisIdempotencyStore> name, CancellationToken cancellationToken)
    {
        var addresses = store.Connection.Addresses;
        string info;
        try
        {
            await store.Connection.LinkAsync().WaitAsync(Patience, timeProvider, cancellationToken);
            // With more time than an operation has: the server may be loading its data, or the machine be busy with starting.
            var calls = new RedisCalls(store.Connection, Patience, timeProvider);
            info = (string?)(await calls.EvaluateAsync(RedisScript.Info, [], [], cancellationToken)).Result ?? "";
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            if (options.Get(name.Value ?? Microsoft.Extensions.Options.Options.DefaultName).RequireServerAtStart)
            {
                throw new InvalidOperationException(
                    $"Idempotency store {name}: no Redis server serves it at {addresses} ({exception.Message}). Start one, correct the "
                    + "connection, or set RedisStoreOptions.RequireServerAtStart to false, to start without it.",
                    exception);
            }

            RedisStartLog.Unreachable(logger, exception, name, addresses);
            return;
        }

        // Valkey reports the version of Redis that it equals, and its own beside it.
        var version = Field(info, "redis_version");
        var policy = Field(info, "maxmemory_policy");
        if (Version.TryParse(version, out var known) && known < OldestVersion)
        {
            throw new InvalidOperationException(
                $"Idempotency store {name}: at {addresses} runs Redis {version}. The store needs Redis {OldestVersion} or later, "
                + "or Valkey.");
        }

        if (policy is not ("noeviction" or ""))
            RedisStartLog.Evicts(logger, name, addresses, policy);
        if (Field(info, "aof_enabled") is "0" && await SavePointsAsync(store, cancellationToken) is "")
            RedisStartLog.KeepsNothing(logger, name, addresses);
        var own = Field(info, "valkey_version");
        if (version is "" || policy is "")
            RedisStartLog.Unchecked(logger, name, addresses);
        else
            RedisStartLog.Connected(logger, name, addresses, own is "" ? $"Redis {version}" : $"Valkey {own}");
    }

    /// <returns>When the server writes snapshots; empty = never, null = it does not say, as servers of providers do not.</returns>
    private async Task<string?> SavePointsAsync(RedisIdempotencyStore store, CancellationToken cancellationToken)
    {
        try
        {
            // Not in a script, where CONFIG is not allowed.
            var link = await store.Connection.LinkAsync();
            var asked = link.Database.ExecuteAsync("CONFIG", ["GET", "save"], CommandFlags.DemandMaster);
            RedisCalls.Forget(asked);
            return (string[]?)await asked.WaitAsync(Patience, timeProvider, cancellationToken) is [_, var points] ? points : null;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // This user may not ask, or this client does not: from version 3 on it sends CONFIG only in admin mode.
            return null;
        }
    }

    /// <returns>The value of a line "name:value"; empty when there is none.</returns>
    private static string Field(string info, string name) =>
        info.Split('\n', StringSplitOptions.TrimEntries)
            .FirstOrDefault(line => line.StartsWith(name + ':', StringComparison.Ordinal))?[(name.Length + 1)..] ?? "";
}
