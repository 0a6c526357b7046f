using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>Refuses settings that cannot work, and an application without a cache.</summary>
internal sealed class DistributedCacheStoreOptionsValidator(IServiceProvider services) : IValidateOptions<DistributedCacheStoreOptions>
{
    public ValidateOptionsResult Validate(string? name, DistributedCacheStoreOptions options)
    {
        var failures = new List<string>();
        if (options.OperationTimeout <= TimeSpan.Zero || options.OperationTimeout > TimeSpan.FromDays(1))
            failures.Add($"OperationTimeout is {options.OperationTimeout}: it must be more than zero and not more than 1 day.");
        if (!Enum.IsDefined(options.Locking))
            failures.Add($"Locking is {options.Locking}: it must be one of {string.Join(", ", Enum.GetNames<CacheLocking>())}.");
        if (services.GetKeyedService<IDistributedCache>(options.CacheKey) is null)
            failures.Add(NoCache(options.CacheKey));
        return failures.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(failures.Select(failure => $"{Describe(name)}: {failure}"));
    }

    private static string Describe(string? name) => string.IsNullOrEmpty(name) ? "The default store" : $"The store '{name}'";

    private static string NoCache(object? key) => key is null
        ? "UseDistributedCache() found no IDistributedCache. Register the cache of your application, for example with "
            + "AddStackExchangeRedisCache(...), or with AddDistributedMemoryCache() for a single process."
        : $"UseDistributedCache() found no IDistributedCache with the service key '{key}'. Register it with "
            + "AddKeyedSingleton<IDistributedCache>(...), or correct DistributedCacheStoreOptions.CacheKey.";
}
