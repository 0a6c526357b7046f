using Idempotency.Filters.Redis;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>A store that can be compared.</summary>
/// <param name="Title">What the tables call it: no more than it is.</param>
/// <param name="Use">Chooses it.</param>
internal sealed record StoreKind(string Title, Action<IIdempotencyStoreBuilder> Use)
{
    /// <summary>Whether it needs a server, whose multiplexer is then a service of the application.</summary>
    public bool NeedsRedis { get; private init; }

    /// <summary>How long records of the short-lived policy are kept. Longer than one call of the store may take, as every lease.</summary>
    public TimeSpan ShortLife { get; private init; } = TimeSpan.FromSeconds(1);

    /// <summary>By the name that the command line uses.</summary>
    public static readonly IReadOnlyDictionary<string, StoreKind> All = new Dictionary<string, StoreKind>
    {
        [Memory] = new("memory", builder => builder.UseMemory(options => (options.MaxEntries, options.MaxBytes) = (20_000_000, 16L << 30))),
        ["distributed-cache"] = new("a distributed cache in the memory of the process, and a lock in the process", UseCache)
        {
            ShortLife = TimeSpan.FromSeconds(10),
        },
        [Redis] = new("Redis", builder => builder.UseRedis(BePatient)) { NeedsRedis = true, ShortLife = TimeSpan.FromSeconds(30) },
    };

    public static string[] Names => [.. All.Keys];

    public const string Memory = "memory";
    public const string Redis = "redis";

    // What expired is taken out as fast as it comes, as the other stores do.
    private static void UseCache(IIdempotencyStoreBuilder builder)
    {
        builder.Services.AddDistributedMemoryCache(
            options => (options.SizeLimit, options.ExpirationScanFrequency) = (16L << 30, TimeSpan.FromSeconds(1)));
        builder.UseDistributedCache();
    }

    // Of 256 requests of 1 MB on one core the last has its turn after a quarter of a minute, and a reply of Redis has to wait for its own.
    private static void BePatient(RedisStoreOptions options) => options.OperationTimeout = TimeSpan.FromSeconds(29);
}
