using Idempotency.Filters;
using Medallion.Threading;
using Medallion.Threading.Redis;
using StackExchange.Redis;

namespace PaymentsApi;

/// <summary>A distributed cache, with a lock beside it: both in Redis, over one connection, or both in this process.</summary>
internal static class SampleCache
{
    public const string InThisProcess = "in this process";

    public static void UseCache(this IIdempotencyBuilder idempotency, string server)
    {
        if (server == InThisProcess)
        {
            idempotency.Services.AddDistributedMemoryCache();
            idempotency.UseDistributedCache();
            return;
        }

        var redis = new Lazy<Task<ConnectionMultiplexer>>(() => ConnectionMultiplexer.ConnectAsync(server));
        idempotency.Services.AddStackExchangeRedisCache(options => options.ConnectionMultiplexerFactory = async () => await redis.Value);
        idempotency.Services.AddSingleton<IDistributedLockProvider>(
            _ => new RedisDistributedSynchronizationProvider(redis.Value.GetAwaiter().GetResult().GetDatabase()));
        idempotency.UseDistributedCache().UseMedallionLock();
    }
}
