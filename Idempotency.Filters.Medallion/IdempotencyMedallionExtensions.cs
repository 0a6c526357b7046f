using Idempotency.Filters;
using Idempotency.Filters.Medallion;
using Medallion.Threading;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets <c>UseDistributedCache()</c> exclude requests with one key from each other by a lock of DistributedLock.</summary>
public static class IdempotencyMedallionExtensions
{
    /// <summary>Uses the <see cref="IDistributedLockProvider"/> that the application registered.</summary>
    /// <typeparam name="TBuilder">The builder of the default store, or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="serviceKey">The service key of the provider; null = the one that was registered without a key.</param>
    /// <returns>The builder.</returns>
    /// <remarks>The application does not start without such a provider.</remarks>
    public static TBuilder UseMedallionLock<TBuilder>(this TBuilder builder, object? serviceKey = null)
        where TBuilder : IIdempotencyStoreBuilder =>
        builder.UseMedallionLock(services => services.GetKeyedService<IDistributedLockProvider>(serviceKey) ?? throw NoProvider(serviceKey));

    /// <summary>Uses a provider of your own.</summary>
    /// <typeparam name="TBuilder">The builder of the default store, or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="create">Makes or finds the provider, once.</param>
    /// <returns>The builder.</returns>
    public static TBuilder UseMedallionLock<TBuilder>(this TBuilder builder, Func<IServiceProvider, IDistributedLockProvider> create)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);

        return builder.UseLock(services => new MedallionLock(create(services)));
    }

    private static InvalidOperationException NoProvider(object? serviceKey) => new(
        $"UseMedallionLock() found no {nameof(IDistributedLockProvider)}{(serviceKey is null ? "" : $" with the service key '{serviceKey}'")}: "
        + $"register one, such as AddSingleton<{nameof(IDistributedLockProvider)}>(new RedisDistributedSynchronizationProvider(...)) of "
        + "DistributedLock.Redis, or give UseMedallionLock a delegate that makes it.");
}
