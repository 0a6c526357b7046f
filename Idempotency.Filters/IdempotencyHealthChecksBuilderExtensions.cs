using Idempotency.Filters.Administration;
using Idempotency.Filters.Policies;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a health check of the stores that keep idempotency keys.</summary>
public static class IdempotencyHealthChecksBuilderExtensions
{
    /// <summary>
    /// Checks every store of <c>AddIdempotency</c> and <c>AddStore</c> the way a first request uses it: claims a random key with a lease of
    /// 5 seconds, then releases it. The result's data has one entry per store, under the store's name or <c>(default)</c>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The name of the check. Default <c>idempotency</c>.</param>
    /// <param name="failureStatus">
    /// The status to report when a store fails; null = <see cref="HealthStatus.Unhealthy"/>. Default null.
    /// </param>
    /// <param name="tags">Tags that select the check; null = none. Default null.</param>
    /// <param name="timeout">
    /// The time limit of the check; null = only the limits that the stores set on their own calls. Default null.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">
    /// At start: <c>AddIdempotency</c> was not called on the service collection.
    /// </exception>
    public static IHealthChecksBuilder AddIdempotency(
        this IHealthChecksBuilder builder,
        string name = "idempotency",
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null,
        TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);

        builder.Services.AddOptions<HealthCheckServiceOptions>()
            .Validate<IServiceProvider>(
                (_, services) => services.GetService<IdempotencyPolicies>() is not null,
                "The health check of Idempotency.Filters has nothing to check: call builder.Services.AddIdempotency() in Program.cs.")
            .ValidateOnStart();
        return builder.Add(new HealthCheckRegistration(
            name, provider => ActivatorUtilities.CreateInstance<IdempotencyHealthCheck>(provider), failureStatus, tags, timeout));
    }
}
