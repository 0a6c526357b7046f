using Idempotency.Filters;
using Idempotency.Filters.Administration;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Engine;
using Idempotency.Filters.Hosting.Endpoints;
using Idempotency.Filters.Hosting.Mvc;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Options;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds idempotency to an application.</summary>
public static class IdempotencyServiceCollectionExtensions
{
    /// <summary>
    /// Adds the services of <c>[Idempotent]</c>, <c>IdempotencyFilter</c> and <c>RequireIdempotency()</c>. Records are kept in memory until
    /// another store is chosen. May be called more than once; the settings accumulate.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Changes the settings; null = the defaults.</param>
    /// <returns>A builder for policies and stores.</returns>
    public static IIdempotencyBuilder AddIdempotency(this IServiceCollection services, Action<IdempotencyOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);

        var options = services.AddOptions<IdempotencyOptions>().ValidateOnStart();
        if (configure is not null)
            options.Configure(configure);

        services.AddLogging();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<IdempotencyOptions>, IdempotencyOptionsValidator>());

        services.TryAddSingleton(
            provider => new HashKeys(provider.GetRequiredService<IOptions<IdempotencyOptions>>().Value.HashSecret));
        services.TryAddSingleton<RequestHashing>();
        services.TryAddSingleton<IIdempotencyKeyEncoder, Sha256KeyEncoder>();
        services.TryAddSingleton<IdempotencyMetrics>();
        services.TryAddSingleton<DefaultKeyPrefix>();
        services.TryAddSingleton<IdempotencyPolicies>();
        services.TryAddSingleton<ActionPolicies>();
        services.TryAddSingleton<EngineServices>();
        services.TryAddSingleton<IdempotencyEngine>();
        // For Filters.AddService<IdempotencyFilter>(), which resolves the filter from the services.
        services.TryAddSingleton<IdempotencyFilter>();
        services.TryAddSingleton(provider => new RecordProtection(
            provider.GetService<IResponseRecordProtector>(), provider.GetRequiredService<ILogger<IdempotencyEngine>>()));
        services.TryAddSingleton<PendingRecords>();
        services.TryAddSingleton<CompletionRetrier>();
        services.TryAddSingleton<IIdempotencyAdministration, IdempotencyAdministration>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, CompletionRetrier>(
            provider => provider.GetRequiredService<CompletionRetrier>()));
        services.TryAddSingleton<IIdempotencyContext, IdempotencyContext>();

        services.TryAddEnumerable(ServiceDescriptor.Transient<IStartupFilter, EndpointCheck>());
        services.TryAddEnumerable(ServiceDescriptor.Transient<IActionDescriptorProvider, IdempotencyActionDescriptorProvider>());
        services.TryAddEnumerable(ServiceDescriptor.Transient<IPostConfigureOptions<RazorPagesOptions>, IdempotencyPageConvention>());
        services.TryAddEnumerable(ServiceDescriptor.Transient<IPostConfigureOptions<MvcOptions>, IdempotencyMvcSetup>());

        if (services.All(service => service.ServiceType != typeof(IIdempotencyStore) || service.IsKeyedService))
            new IdempotencyBuilder(services).UseMemory();
        return new IdempotencyBuilder(services);
    }

    /// <summary>
    /// Adds a policy: settings under a name that endpoints refer to. A policy starts from all settings of <c>AddIdempotency</c>, whatever
    /// the order of the calls. A policy added twice has the settings of both calls.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The name, compared exactly.</param>
    /// <param name="configure">Changes the settings.</param>
    /// <returns>The builder.</returns>
    public static IIdempotencyBuilder AddPolicy(this IIdempotencyBuilder builder, string name, Action<IdempotencyOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(configure);

        builder.Services.AddSingleton(new PolicyRegistration(name, configure));
        return builder;
    }

    /// <summary>Adds another store under a name. Policies choose it with <see cref="IdempotencyOptions.StoreName"/>.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The name, compared exactly.</param>
    /// <param name="configure">Chooses the store: <c>store => store.UseMemory()</c>.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException"><paramref name="configure"/> chose no store, or more than one.</exception>
    public static IIdempotencyBuilder AddStore(this IIdempotencyBuilder builder, string name, Action<IIdempotencyStoreBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(configure);

        var store = new StoreBuilder(builder.Services, name);
        configure(store);
        // A builder of the application's own registers its store by itself.
        if (!store.HasStore && !builder.Services.Any(s => s.ServiceType == typeof(IIdempotencyStore) && name.Equals(s.ServiceKey)))
        {
            throw new InvalidOperationException(
                $"AddStore(\"{name}\", ...) chose no store: call a Use method on its argument, such as store.UseMemory().");
        }

        return builder;
    }
}
