using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace Idempotency.Filters.Tests.Support;

/// <summary>Microsoft's cache on a real server.</summary>
internal static class RealRedisCache
{
    /// <summary>Skips the test where the client is the old one that stands alone (build/RedisClient.targets): the cache cannot run on it.</summary>
    public static void Require()
    {
        var client = typeof(ConnectionMultiplexer).Assembly.GetName().Version!;
        if (client.Major < 2)
        {
            Assert.Ignore(
                "THE TESTS WITH MICROSOFT'S REDIS CACHE DID NOT RUN: it needs StackExchange.Redis 2 and its dependencies, which the package source "
                + $"lacks, so that the client is {client}.");
        }
    }

    public static IServiceCollection AddRedisCache(this IServiceCollection services, RedisServer server) =>
        services.AddStackExchangeRedisCache(options => options.Configuration = server.Address);
}
