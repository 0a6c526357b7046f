using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>Runs at start. Warns in Production of the store that is right for development, and that nobody need have chosen.</summary>
internal static class MemoryStoreCheck
{
    /// <param name="policies">Every policy that may have keys.</param>
    /// <param name="services">The services of the application.</param>
    /// <param name="logger">Takes the line.</param>
    public static void Run(IdempotencyPolicy[] policies, IServiceProvider services, ILogger logger)
    {
        if (services.GetService<IHostEnvironment>() is { } environment
            && environment.IsProduction()
            && Array.Exists(policies, policy => policy.Store is MemoryIdempotencyStore))
        {
            Log.MemoryInProduction(logger);
        }
    }
}
