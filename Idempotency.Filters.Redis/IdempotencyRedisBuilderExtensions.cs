using Idempotency.Filters;
using Idempotency.Filters.Redis;
using Idempotency.Filters.Redis.Connection;
using Idempotency.Filters.Redis.Hosting;
using Idempotency.Filters.Redis.Store;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Chooses Redis, or Valkey, as the store.</summary>
public static class IdempotencyRedisBuilderExtensions
{
    /// <summary>
    /// Keeps records in the Redis server, or cluster, of a connection string. The store connects, reconnects whenever the connection is
    /// lost or carries nothing any more, and closes the connection with the application.
    /// </summary>
    /// <typeparam name="TBuilder">The builder of the default store, or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="connectionString">As StackExchange.Redis reads it: <c>"redis-1:6379,redis-2:6379,ssl=true"</c>.</param>
    /// <param name="configure">Changes the settings; null = the defaults.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder already has a store.</exception>
    /// <exception cref="ArgumentException"><paramref name="connectionString"/> cannot be read.</exception>
    public static TBuilder UseRedis<TBuilder>(this TBuilder builder, string connectionString, Action<RedisStoreOptions>? configure = null)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);

        return builder.UseRedis(ConfigurationOptions.Parse(connectionString), configure);
    }

    /// <summary>As with a connection string, with all that StackExchange.Redis lets configure.</summary>
    /// <typeparam name="TBuilder">The builder of the default store, or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="configuration">
    /// The connection. It is copied here and never changed. The copy differs in six settings. <c>AbortOnConnectFail</c> is false:
    /// <see cref="RedisStoreOptions.RequireServerAtStart"/> decides what a missing server means. <c>AllowAdmin</c> is true, for one
    /// <c>CONFIG GET</c>. Unless they are set, <c>AsyncTimeout</c> and <c>SyncTimeout</c> are
    /// <see cref="RedisStoreOptions.OperationTimeout"/> (at least one second), <c>KeepAlive</c> is five seconds, and
    /// <c>ReconnectRetryPolicy</c> tries again every second.
    /// </param>
    /// <param name="configure">Changes the settings; null = the defaults.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder already has a store.</exception>
    public static TBuilder UseRedis<TBuilder>(
        this TBuilder builder, ConfigurationOptions configuration, Action<RedisStoreOptions>? configure = null)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(configuration);

        var copy = configuration.Clone();
        return builder.Use(configure, (_, options) =>
        {
            if (options.ConnectionMultiplexerKey is not null)
            {
                throw new InvalidOperationException(
                    "RedisStoreOptions.ConnectionMultiplexerKey names a multiplexer of the application, and UseRedis was given a "
                    + "connection of its own. Remove one.");
            }

            var own = RedisConfiguration.OwnCopy(copy, options.OperationTimeout);
            return new RedisConnection(own, async () => await ConnectionMultiplexer.ConnectAsync(own), ownsMultiplexer: true);
        });
    }

    /// <summary>
    /// Keeps records in the Redis server, or cluster, of the application's own <see cref="IConnectionMultiplexer"/>, a service of its own
    /// or one with a <see cref="RedisStoreOptions.ConnectionMultiplexerKey"/>. The application configures and closes it.
    /// </summary>
    /// <typeparam name="TBuilder">The builder of the default store, or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the settings; null = the defaults.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder already has a store.</exception>
    public static TBuilder UseRedis<TBuilder>(this TBuilder builder, Action<RedisStoreOptions>? configure = null)
        where TBuilder : IIdempotencyStoreBuilder =>
        builder.Use(configure, (services, options) =>
        {
            var key = options.ConnectionMultiplexerKey;
            var multiplexer = key is null
                ? services.GetService<IConnectionMultiplexer>()
                : services.GetKeyedService<IConnectionMultiplexer>(key);
            if (multiplexer is null)
            {
                throw new InvalidOperationException(
                    "UseRedis() takes the application's own IConnectionMultiplexer, and none is registered"
                    + (key is null ? "" : $" with the key '{key}'") + ". Register one, or give UseRedis a connection string.");
            }

            return new RedisConnection(
                ConfigurationOptions.Parse(multiplexer.Configuration, true), () => Task.FromResult(multiplexer), ownsMultiplexer: false);
        });

    private static TBuilder Use<TBuilder>(
        this TBuilder builder, Action<RedisStoreOptions>? configure, Func<IServiceProvider, RedisStoreOptions, RedisConnection> connect)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

        var services = builder.Services;
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RedisStoreOptions>, RedisStoreOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RedisStartCheck>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, StoreDrain<RedisIdempotencyStore>>());
        services.AddSingleton(new StoreName<RedisIdempotencyStore>(builder.StoreName));
        var settings = services.AddOptions<RedisStoreOptions>(builder.StoreName ?? Options.Options.DefaultName).ValidateOnStart();
        if (configure is not null)
            settings.Configure(configure);

        return builder.UseStore((provider, name) =>
        {
            var options = provider.GetRequiredService<IOptionsMonitor<RedisStoreOptions>>().Get(name ?? Options.Options.DefaultName);
            return ActivatorUtilities.CreateInstance<RedisIdempotencyStore>(provider, connect(provider, options), options);
        });
    }
}
