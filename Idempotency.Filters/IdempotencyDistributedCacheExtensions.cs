using System.Diagnostics.CodeAnalysis;
using Idempotency.Filters;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps records in the distributed cache of the application.</summary>
public static class IdempotencyDistributedCacheExtensions
{
    /// <summary>
    /// Keeps records in the <see cref="IDistributedCache"/> that the application registered, and lets one request at a time have a key by an
    /// <see cref="IIdempotencyLock"/>: that of <c>UseLock</c>, or one that excludes the requests of this process only, with a warning at start.
    /// </summary>
    /// <typeparam name="TBuilder">The builder of the default store, or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the settings; null = the defaults.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder has a store already.</exception>
    /// <remarks>The start of the application fails when there is no cache.</remarks>
    public static TBuilder UseDistributedCache<TBuilder>(this TBuilder builder, Action<DistributedCacheStoreOptions>? configure = null)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<DistributedCacheStoreOptions>, DistributedCacheStoreOptionsValidator>());
        var options = builder.Services.AddOptions<DistributedCacheStoreOptions>(builder.StoreName ?? Options.Options.DefaultName).ValidateOnStart();
        if (configure is not null)
            options.Configure(configure);

        return builder.UseStore(Create);
    }

    /// <summary>Excludes requests with one key from each other by a lock of your own, which <c>UseDistributedCache()</c> needs.</summary>
    /// <typeparam name="TLock">The lock, made once; its constructor may ask for services.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <returns>The builder.</returns>
    public static IIdempotencyBuilder UseLock<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TLock>(
        this IIdempotencyBuilder builder)
        where TLock : class, IIdempotencyLock =>
        builder.UseLock(provider => ActivatorUtilities.CreateInstance<TLock>(provider));

    /// <inheritdoc cref="UseLock{TLock}(IIdempotencyBuilder)"/>
    public static IIdempotencyStoreBuilder UseLock<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TLock>(
        this IIdempotencyStoreBuilder builder)
        where TLock : class, IIdempotencyLock =>
        builder.UseLock(provider => ActivatorUtilities.CreateInstance<TLock>(provider));

    /// <summary>
    /// Excludes requests with one key from each other by a lock of your own, which <c>UseDistributedCache()</c> needs. Called for a named store it
    /// is the lock of that store; a named store without one has that of the default store.
    /// </summary>
    /// <typeparam name="TBuilder">The builder of the default store, or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="create">Makes the lock, once. The services dispose it.</param>
    /// <returns>The builder.</returns>
    public static TBuilder UseLock<TBuilder>(this TBuilder builder, Func<IServiceProvider, IIdempotencyLock> create)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);

        builder.Services.Replace(ServiceDescriptor.KeyedSingleton(builder.StoreName, (provider, _) => create(provider)));
        return builder;
    }

    private static CacheIdempotencyStore Create(IServiceProvider provider, string? name)
    {
        var options = provider.GetRequiredService<IOptionsMonitor<DistributedCacheStoreOptions>>().Get(name ?? Options.Options.DefaultName);
        var logger = provider.GetRequiredService<ILogger<CacheIdempotencyStore>>();
        return new(
            provider.GetRequiredKeyedService<IDistributedCache>(options.CacheKey),
            ChooseLock(provider, name, options.Locking, logger),
            options.OperationTimeout,
            provider.GetRequiredService<TimeProvider>(),
            logger);
    }

    private static IIdempotencyLock ChooseLock(IServiceProvider provider, string? name, CacheLocking locking, ILogger logger)
    {
        if (locking is CacheLocking.Off)
        {
            CacheStoreLog.DoesNotLock(logger, name ?? "default");
            return new NoLock();
        }

        if ((provider.GetKeyedService<IIdempotencyLock>(name) ?? provider.GetService<IIdempotencyLock>()) is { } registered)
            return registered;

        CacheStoreLog.LocksInProcess(logger, name ?? "default");
        return new InProcessLock();
    }
}
