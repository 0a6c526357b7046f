using System.Diagnostics.CodeAnalysis;
using Idempotency.Filters;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps records in the application's distributed cache.</summary>
public static class IdempotencyDistributedCacheExtensions
{
    /// <summary>
    /// Keeps records in the <see cref="IDistributedCache"/> that the application registered. An <see cref="IIdempotencyLock"/> admits one
    /// request per key at a time: the lock given to <c>UseLock</c>, or else a lock within this process only, which logs a Warning.
    /// </summary>
    /// <typeparam name="TBuilder">The builder of the default store or of a named store.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the settings; null = the defaults.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder already has a store.</exception>
    /// <remarks>The application does not start if no cache is registered.</remarks>
    public static TBuilder UseDistributedCache<TBuilder>(this TBuilder builder, Action<DistributedCacheStoreOptions>? configure = null)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<DistributedCacheStoreOptions>, DistributedCacheStoreOptionsValidator>());
        var options = builder.Services
            .AddOptions<DistributedCacheStoreOptions>(builder.StoreName ?? Options.Options.DefaultName).ValidateOnStart();
        if (configure is not null)
            options.Configure(configure);

        return builder.UseStore(Create);
    }

    /// <summary>Sets the lock with which <c>UseDistributedCache()</c> admits one request per key at a time.</summary>
    /// <typeparam name="TLock">The type of the lock. One instance is created; its constructor may take services.</typeparam>
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
    /// Sets the lock with which <c>UseDistributedCache()</c> admits one request per key at a time. On a named store, the lock is for that
    /// store. A named store without a lock of its own uses the lock of the default store.
    /// </summary>
    /// <typeparam name="TBuilder">The builder of the default store or of a named store.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="create">Creates the lock, once. The service provider disposes it.</param>
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
