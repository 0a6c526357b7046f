using Idempotency.Filters;
using Idempotency.Filters.Medallion;
using Medallion.Threading;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets <c>UseDistributedCache()</c> exclude requests with one key from each other by a lock of DistributedLock.</summary>
public static class IdempotencyMedallionExtensions
{
    /// <summary>Uses the <see cref="IDistributedLockProvider"/> that the application registered.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="serviceKey">The service key of the provider; null = the one that was registered without a key.</param>
    /// <returns>The builder.</returns>
    /// <remarks>The start of the application fails when there is no such provider.</remarks>
    public static IIdempotencyBuilder UseMedallionLock(this IIdempotencyBuilder builder, object? serviceKey = null) =>
        builder.UseMedallionLock(services => services.GetRequiredKeyedService<IDistributedLockProvider>(serviceKey));

    /// <summary>Uses a provider of your own.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="create">Makes or finds the provider, once.</param>
    /// <returns>The builder.</returns>
    public static IIdempotencyBuilder UseMedallionLock(
        this IIdempotencyBuilder builder, Func<IServiceProvider, IDistributedLockProvider> create)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);

        return builder.UseLock(services => new MedallionLock(create(services)));
    }
}
