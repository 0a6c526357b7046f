using Idempotency.Filters.Administration;
using Idempotency.Filters.Policies;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the stores of idempotency keys to the health checks of an application.</summary>
public static class IdempotencyHealthChecksBuilderExtensions
{
    /// <summary>
    /// Checks every store of <c>AddIdempotency</c> and <c>AddStore</c> by what a first request does: it claims a key, a random one with a short
    /// lease, and gives it up. The data of the result has an entry for each store, under its name, or <c>(default)</c>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The name of the check. Default <c>idempotency</c>.</param>
    /// <param name="failureStatus">What is reported when a store fails; null = <see cref="HealthStatus.Unhealthy"/>. Default null.</param>
    /// <param name="tags">Tags to select the check by; null = none. Default null.</param>
    /// <param name="timeout">How long the check may take; null = as long as the stores do, which bound their calls. Default null.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">At start: <c>AddIdempotency</c> was not called.</exception>
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
