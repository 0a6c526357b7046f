using Idempotency.Filters;
using Idempotency.Filters.EntityFrameworkCore;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Hosting;
using Idempotency.Filters.EntityFrameworkCore.Store;
using Idempotency.Filters.EntityFrameworkCore.Transactions;
using Idempotency.Filters.Stores.Shared;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Chooses a relational database as the store.</summary>
public static class IdempotencyEntityFrameworkBuilderExtensions
{
    /// <summary>
    /// Keeps claims and records in the database of a context of the application, in the table that <c>AddIdempotency</c> adds to its model.
    /// A request whose context has a connection string of its own, as with a database for each tenant, is served by that database.
    /// </summary>
    /// <typeparam name="TContext">A context that is a service, configured by a connection string or a data source.</typeparam>
    /// <param name="builder">The builder of the default store, or of a named one.</param>
    /// <param name="configure">Changes the settings; null = the defaults.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder already has a store.</exception>
    public static IIdempotencyBuilder UseEntityFramework<TContext>(
        this IIdempotencyBuilder builder, Action<EntityFrameworkStoreOptions>? configure = null)
        where TContext : DbContext =>
        builder.Guard<TContext>().Use(configure, (services, options) => new ApplicationDatabases<TContext>(services, options));

    /// <inheritdoc cref="UseEntityFramework{TContext}(IIdempotencyBuilder, Action{EntityFrameworkStoreOptions}?)"/>
    public static IIdempotencyStoreBuilder UseEntityFramework<TContext>(
        this IIdempotencyStoreBuilder builder, Action<EntityFrameworkStoreOptions>? configure = null)
        where TContext : DbContext =>
        builder.Guard<TContext>().Use(configure, (services, options) => new ApplicationDatabases<TContext>(services, options));

    /// <summary>
    /// Keeps claims and records in a database of their own, or beside other tables, without a context of the application. The table is
    /// created when it is missing.
    /// </summary>
    /// <typeparam name="TBuilder">The builder of the default store, or of a named one.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="database">Chooses the database: <c>o =&gt; o.UseSqlite("Data Source=idempotency.db")</c>.</param>
    /// <param name="configure">Changes the settings; null = the defaults.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">This builder already has a store.</exception>
    public static TBuilder UseEntityFramework<TBuilder>(
        this TBuilder builder, Action<DbContextOptionsBuilder> database, Action<EntityFrameworkStoreOptions>? configure = null)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(database);

        return builder.Use(configure, (services, options) => new OwnDatabase(services, options, database));
    }

    private static IIdempotencyBuilder Guard<TContext>(this IIdempotencyBuilder builder)
        where TContext : DbContext
    {
        ((IIdempotencyStoreBuilder)builder).Guard<TContext>();
        return builder;
    }

    private static IIdempotencyStoreBuilder Guard<TContext>(this IIdempotencyStoreBuilder builder)
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(builder);

        builder.Services.ConfigureDbContext<TContext>(Guards.AddTo);
        return builder;
    }

    private static TBuilder Use<TBuilder>(
        this TBuilder builder, Action<EntityFrameworkStoreOptions>? configure,
        Func<IServiceProvider, EntityFrameworkStoreOptions, DatabaseSource> databases)
        where TBuilder : IIdempotencyStoreBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

        var services = builder.Services;
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<EntityFrameworkStoreOptions>, EntityFrameworkStoreOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, StoreStartCheck>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, Cleanup>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, StoreDrain<EfIdempotencyStore>>());
        services.AddMetrics();
        services.TryAddSingleton<CleanupMetrics>();
        services.AddSingleton(new StoreName<EfIdempotencyStore>(builder.StoreName));
        var settings = services.AddOptions<EntityFrameworkStoreOptions>(builder.StoreName ?? Options.Options.DefaultName).ValidateOnStart();
        if (configure is not null)
        {
            settings.Configure(configure);
            // The contexts that take part must be known before the services are built.
            var chosen = new EntityFrameworkStoreOptions();
            configure(chosen);
            foreach (var guard in chosen.GuestGuards)
                guard(services);
        }

        return builder.UseStore((provider, name) =>
        {
            var options = provider.GetRequiredService<IOptionsMonitor<EntityFrameworkStoreOptions>>()
                .Get(name ?? Options.Options.DefaultName);
            return ActivatorUtilities.CreateInstance<EfIdempotencyStore>(provider, databases(provider, options), options);
        });
    }
}
