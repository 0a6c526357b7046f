using Idempotency.Filters;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Chooses where records are kept: in memory, or in a store of your own.</summary>
public static class IdempotencyStoreBuilderExtensions
{
    /// <summary>Keeps records in the memory of the process: for one process, or for development.</summary>
    /// <typeparam name="TBuilder">The builder of the default store, or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the bounds; null = the defaults.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder has a store already.</exception>
    public static TBuilder UseMemory<TBuilder>(this TBuilder builder, Action<MemoryStoreOptions>? configure = null)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MemoryStoreOptions>, MemoryStoreOptionsValidator>());
        var options = builder.Services.AddOptions<MemoryStoreOptions>(builder.StoreName ?? Options.Options.DefaultName).ValidateOnStart();
        if (configure is not null)
            options.Configure(configure);

        return builder.UseStore((provider, name) => ActivatorUtilities.CreateInstance<MemoryIdempotencyStore>(
            provider, provider.GetRequiredService<IOptionsMonitor<MemoryStoreOptions>>().Get(name ?? Options.Options.DefaultName)));
    }

    /// <summary>
    /// Keeps records in a store of your own. It takes the place of one that another call of <c>AddIdempotency()</c> chose, so that a test
    /// can replace the store of an application. The services dispose it.
    /// </summary>
    /// <typeparam name="TBuilder">The builder of the default store, or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="create">Makes the store, once, given the services and the name of the store (null = the default one).</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder has a store already.</exception>
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
