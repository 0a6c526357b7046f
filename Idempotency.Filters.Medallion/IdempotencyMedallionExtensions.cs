using Idempotency.Filters;
using Idempotency.Filters.Medallion;
using Medallion.Threading;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets <c>UseDistributedCache()</c> lock keys with any lock of DistributedLock.</summary>
public static class IdempotencyMedallionExtensions
{
    /// <summary>Locks keys with the <see cref="IDistributedLockProvider"/> that the application registered.</summary>
    /// <typeparam name="TBuilder">The builder of the default store or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="serviceKey">The service key of the provider; null = the provider registered without a key. Default null.</param>
    /// <returns>The builder.</returns>
    /// <remarks>Without such a provider, the application does not start.</remarks>
    public static TBuilder UseMedallionLock<TBuilder>(this TBuilder builder, object? serviceKey = null)
        where TBuilder : IIdempotencyStoreBuilder =>
        builder.UseMedallionLock(
            services => services.GetKeyedService<IDistributedLockProvider>(serviceKey) ?? throw NoProvider(serviceKey));

    /// <summary>Locks keys with a provider of your own.</summary>
    /// <typeparam name="TBuilder">The builder of the default store or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="create">Creates or finds the provider. Called once.</param>
    /// <returns>The builder.</returns>
    public static TBuilder UseMedallionLock<TBuilder>(this TBuilder builder, Func<IServiceProvider, IDistributedLockProvider> create)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);

        return builder.UseLock(services => new MedallionLock(create(services)));
    }

    private static InvalidOperationException NoProvider(object? serviceKey) => new(
        $"UseMedallionLock() found no {nameof(IDistributedLockProvider)}{WithServiceKey(serviceKey)}. "
        + $"Register one, for example AddSingleton<{nameof(IDistributedLockProvider)}>(new RedisDistributedSynchronizationProvider(...)) "
        + "from DistributedLock.Redis, or pass UseMedallionLock a delegate that creates it.");

    private static string WithServiceKey(object? serviceKey) => serviceKey is null ? "" : $" with the service key '{serviceKey}'";
}
