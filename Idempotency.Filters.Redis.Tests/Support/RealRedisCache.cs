using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Redis.Tests.Support;

/// <summary>Microsoft's cache on a real server.</summary>
internal static class RealRedisCache
{
    public static IServiceCollection AddRedisCache(this IServiceCollection services, RedisServer server) =>
        services.AddStackExchangeRedisCache(options => options.Configuration = server.Address);
}
