using Idempotency.Filters;
using Idempotency.Filters.CampaignWorker.Effects;
using Idempotency.Filters.EntityFrameworkCore;
using Idempotency.Filters.Stores;
using Medallion.Threading;
using Medallion.Threading.Redis;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using StackExchange.Redis;

namespace Idempotency.Filters.CampaignWorker.Stores;

internal static class WorkerStores
{
    // A server on this machine, and two busy processors.
    private static readonly TimeSpan OperationTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Registers the store that the settings choose, and the business that goes with it.</summary>
    public static void Use(this IIdempotencyBuilder builder, WorkerSettings settings)
    {
        if (settings.HasTables)
            builder.Services.AddShop(settings);
        if (settings.IsTransactional)
            builder.Services.AddScoped<IBusiness, TableBusiness>();
        else
            builder.Services.AddSingleton<IBusiness, JournalBusiness>();

        switch (settings.Store)
        {
            case WorkerStore.Memory:
                builder.UseMemory();
                break;
            case WorkerStore.Redis:
                builder.UseRedis(
                    settings.Connection, options => (options.OperationTimeout, options.RequireServerAtStart) = (OperationTimeout, false));
                break;
            case WorkerStore.Classic:
                builder.UseClassicPairing(settings);
                break;
            case WorkerStore.PostgresLock:
                builder.UseShop(ClaimMode.Lock);
                break;
            case WorkerStore.PostgresRow or WorkerStore.Sqlite:
                builder.UseShop(ClaimMode.Row);
                break;
            default:
                throw new InvalidOperationException($"There is no store {settings.Store}.");
        }

        builder.Services.ObserveStore(observeRecords: !settings.IsTransactional);
    }

    private static void UseClassicPairing(this IIdempotencyBuilder builder, WorkerSettings settings)
    {
        var redis = ConnectionMultiplexer.Connect(settings.Connection);
        builder.Services.AddStackExchangeRedisCache(
            options => options.ConnectionMultiplexerFactory = () => Task.FromResult<IConnectionMultiplexer>(redis));
        builder.Services.AddSingleton<IDistributedLockProvider>(
            new RedisDistributedSynchronizationProvider(redis.GetDatabase(), options => options.Expiry(settings.Lease)));
        builder.UseDistributedCache(options => options.OperationTimeout = OperationTimeout).UseMedallionLock();
    }

    private static void UseShop(this IIdempotencyBuilder builder, ClaimMode mode) => builder.UseEntityFramework<ShopContext>(options =>
    {
        (options.Claim, options.OperationTimeout) = (mode, OperationTimeout);
        // It may be away when a process starts.
        options.RequireDatabaseAtStart = false;
    });

    private static IServiceCollection AddShop(this IServiceCollection services, WorkerSettings settings) => services
        .AddSingleton<CommitPoints>()
        .AddDbContextPool<ShopContext>((provider, options) =>
        {
            options.AddInterceptors(provider.GetRequiredService<CommitPoints>());
            if (settings.Store is WorkerStore.Sqlite)
                options.UseSqlite(settings.Connection);
            else
                options.UseNpgsql(settings.Connection, postgres => postgres.EnableRetryOnFailure());
        });

    private static void ObserveStore(this IServiceCollection services, bool observeRecords)
    {
        var store = services.Single(service => service.ServiceType == typeof(IIdempotencyStore) && !service.IsKeyedService);
        services.Replace(ServiceDescriptor.Singleton<IIdempotencyStore>(provider => new ObservedStore(
            (IIdempotencyStore)store.ImplementationFactory!(provider), provider.GetRequiredService<CrashPoints>(), observeRecords)));
    }
}
