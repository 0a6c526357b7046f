using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Options;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>
/// Runs at start. Says what the default prefix of storage keys is, and warns in Production that a new name of the application would change
/// it. The memory of a process forgets its keys with the process, so there is no Warning for it.
/// </summary>
internal static class KeyPrefixCheck
{
    /// <param name="policies">Every policy that may have keys.</param>
    /// <param name="services">The services of the application.</param>
    /// <param name="logger">Takes the line.</param>
    public static void Run(IdempotencyPolicy[] policies, IServiceProvider services, ILogger logger)
    {
        var byDefault = policies.Where(policy => policy.Options.KeyPrefix is null).ToList();
        if (byDefault.Count == 0)
            return;

        var prefix = services.GetRequiredService<DefaultKeyPrefix>().Value;
        if (services.GetService<IHostEnvironment>() is { } environment
            && environment.IsProduction()
            && byDefault.Exists(policy => policy.Store is not MemoryIdempotencyStore))
        {
            Log.KeyPrefixNotSet(logger, prefix);
        }
        else
        {
            Log.DefaultKeyPrefix(logger, prefix);
        }
    }
}
