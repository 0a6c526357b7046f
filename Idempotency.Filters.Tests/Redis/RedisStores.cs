using Idempotency.Filters.Redis;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Redis;

/// <summary>A store as an application gets it: from its services.</summary>
internal sealed class RedisStores : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private RedisStores(ServiceProvider services, LogSink logs)
    {
        _services = services;
        Logs = logs;
        Store = services.GetRequiredService<IIdempotencyStore>();
    }

    public IIdempotencyStore Store { get; }

    public IIdempotencyStoreAdministration Administration => (IIdempotencyStoreAdministration)Store;

    public LogSink Logs { get; }

    public static RedisStores Over(RedisServer server, Action<RedisStoreOptions>? configure = null, TimeProvider? clock = null) =>
        Over(server.Address, configure, clock);

    public static RedisStores Over(string connectionString, Action<RedisStoreOptions>? configure = null, TimeProvider? clock = null)
    {
        var logs = new LogSink();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(logs).SetMinimumLevel(LogLevel.Debug));
        if (clock is not null)
            services.AddSingleton(clock);
        services.AddIdempotency().UseRedis(connectionString, configure);
        return new(services.BuildServiceProvider(), logs);
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
