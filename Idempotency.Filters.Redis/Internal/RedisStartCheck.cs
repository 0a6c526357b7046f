using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>Looks at the servers of every Redis store before the application serves requests.</summary>
internal sealed class RedisStartCheck(
    IServiceProvider services,
    IEnumerable<RedisStoreName> names,
    IOptionsMonitor<RedisStoreOptions> options,
    TimeProvider timeProvider,
    ILogger<RedisIdempotencyStore> logger) : IHostedService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly Version OldestVersion = new(6, 2);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var name in names.Distinct())
        {
            var store = name.Value is null ? services.GetService<IIdempotencyStore>() : services.GetKeyedService<IIdempotencyStore>(name.Value);
            // Another Use method may have replaced it since.
            if (store is RedisIdempotencyStore redis)
                await CheckAsync(redis.Connection, name, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task CheckAsync(RedisConnection connection, RedisStoreName name, CancellationToken cancellationToken)
    {
        RedisLink link;
        try
        {
            link = await connection.LinkAsync().WaitAsync(Patience, timeProvider, cancellationToken);
            await link.Database.PingAsync(CommandFlags.None).WaitAsync(Patience, timeProvider, cancellationToken);
        }
        catch (Exception exception) when (exception is not RedisServerException && !cancellationToken.IsCancellationRequested)
        {
            if (options.Get(name.Value ?? Options.DefaultName).RequireServerAtStart)
            {
                throw new InvalidOperationException(
                    $"Idempotency store {name}: no Redis server answers at {connection.Addresses}. Start it, correct the connection, or set "
                    + "RedisStoreOptions.RequireServerAtStart to false, to start without it.", exception);
            }

            RedisStoreLog.Unreachable(logger, exception, name, connection.Addresses);
            return;
        }

        foreach (var server in link.Servers.Where(server => server.IsConnected))
            await CheckAsync(server, name, cancellationToken);
    }

    private async Task CheckAsync(IServer server, RedisStoreName name, CancellationToken cancellationToken)
    {
        var address = RedisConnection.Address(server.EndPoint);
        string info;
        try
        {
            info = (await server.InfoRawAsync(RedisValue.Null, CommandFlags.None).WaitAsync(Patience, timeProvider, cancellationToken))!;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            RedisStoreLog.Unchecked(logger, exception, name, address);
            return;
        }

        // Valkey tells the version of Redis that it equals here.
        var version = Field(info, "redis_version");
        if (Version.TryParse(version, out var known) && known < OldestVersion)
        {
            throw new InvalidOperationException(
                $"Idempotency store {name}: {address} runs Redis {version}. The store needs Redis {OldestVersion} or later, or Valkey.");
        }

        RedisStoreLog.Connected(logger, name, address, version);
        var policy = Field(info, "maxmemory_policy");
        if (policy is not ("noeviction" or ""))
            RedisStoreLog.Evicts(logger, name, address, policy);
    }

    /// <returns>The value of a line "name:value"; empty when there is none.</returns>
    private static string Field(string info, string name) =>
        info.Split('\n', StringSplitOptions.TrimEntries).FirstOrDefault(line => line.StartsWith(name + ':', StringComparison.Ordinal))?[(name.Length + 1)..]
        ?? "";
}

/// <summary>The name of a Redis store; null = the default one.</summary>
internal sealed record RedisStoreName(string? Value)
{
    public override string ToString() => Value is null ? "(default)" : $"\"{Value}\"";
}
