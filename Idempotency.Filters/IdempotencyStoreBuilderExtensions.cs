using Idempotency.Filters;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Chooses where records are kept: in memory or in a store of your own.</summary>
public static class IdempotencyStoreBuilderExtensions
{
    /// <summary>
    /// Keeps records in the memory of the process. Suits development, and applications that run as one process and may lose their records
    /// on a restart.
    /// </summary>
    /// <typeparam name="TBuilder">The builder of the default store or of a named store.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the bounds; null = the defaults.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder already has a store.</exception>
    public static TBuilder UseMemory<TBuilder>(this TBuilder builder, Action<MemoryStoreOptions>? configure = null)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MemoryStoreOptions>, MemoryStoreOptionsValidator>());
        var options = builder.Services.AddOptions<MemoryStoreOptions>(builder.StoreName ?? Options.Options.DefaultName).ValidateOnStart();
        if (configure is not null)
            options.Configure(configure);

        return builder.UseStore((provider, name) =>
        {
            var limits = provider.GetRequiredService<IOptionsMonitor<MemoryStoreOptions>>().Get(name ?? Options.Options.DefaultName);
            var store = ActivatorUtilities.CreateInstance<MemoryIdempotencyStore>(provider, limits);
            provider.GetRequiredService<IdempotencyMetrics>().Watch(StoreTag.Of(name), store.Capacity);
            return store;
        });
    }

    /// <summary>
    /// Keeps records in a store of your own. It replaces a store that an earlier call of <c>AddIdempotency()</c> chose, so a test can
    /// replace an application's store.
    /// </summary>
    /// <typeparam name="TBuilder">The builder of the default store or of a named store.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="create">
    /// Creates the store, once, from the services and the name of the store (null = the default store). The service provider disposes it.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder already has a store.</exception>
    public static TBuilder UseStore<TBuilder>(this TBuilder builder, Func<IServiceProvider, string?, IIdempotencyStore> create)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);

        (builder as StoreBuilder)?.ChooseStore();
        if (builder.StoreName is { } name)
        {
            builder.Services.AddSingleton(new StoreRegistration(name));
            builder.Services.Replace(ServiceDescriptor.KeyedSingleton<IIdempotencyStore>(name, (provider, _) => create(provider, name)));
        }
        else
        {
            builder.Services.Replace(ServiceDescriptor.Singleton<IIdempotencyStore>(provider => create(provider, null)));
        }

        return builder;
    }
}
