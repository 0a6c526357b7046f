using Idempotency.Filters.Options;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Administration;

/// <summary>Claims a key in every store and releases it, like a first request whose action fails.</summary>
internal sealed class IdempotencyHealthCheck(
    IServiceProvider services,
    IEnumerable<StoreRegistration> stores,
    IIdempotencyKeyEncoder encoder,
    IOptions<IdempotencyOptions> options,
    DefaultKeyPrefix defaultKeyPrefix)
    : IHealthCheck
{
    // Short and not renewed, so that a key whose release fails is soon free.
    private static readonly ClaimOptions Terms = new() { Lease = TimeSpan.FromSeconds(5), RenewFor = TimeSpan.Zero };

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var names = stores.Select(store => store.Name).Distinct(StringComparer.Ordinal).Prepend(null);
        var probes = await Task.WhenAll(names.Select(name => ProbeAsync(name, cancellationToken)));
        var data = probes.ToDictionary(probe => probe.Store, probe => (object)(probe.Failure?.Message ?? "Keys can be claimed."));
        var failed = probes.Where(probe => probe.Failure is not null).ToArray();
        if (failed.Length == 0)
            return HealthCheckResult.Healthy("Idempotency keys can be claimed.", data);

        return new HealthCheckResult(
            context.Registration.FailureStatus,
            $"Idempotency keys cannot be claimed in the store {string.Join(", ", failed.Select(probe => probe.Store))}.",
            failed is [{ Failure: var single }] ? single : new AggregateException(failed.Select(probe => probe.Failure!)),
            data);
    }

    private async Task<(string Store, Exception? Failure)> ProbeAsync(string? name, CancellationToken cancellationToken)
    {
        try
        {
            var store = name is null
                ? services.GetRequiredService<IIdempotencyStore>()
                : services.GetRequiredKeyedService<IIdempotencyStore>(name);

            // A new caller for each probe, so that concurrent probes do not use up the quota of one caller.
            var probe = Guid.NewGuid().ToString();
            var key = encoder.Encode(options.Value.KeyPrefix ?? defaultKeyPrefix.Value, $"health check {probe}", probe);
            using var result = await store.ClaimAsync(key, Terms, cancellationToken);
            if (result.Claim is not { } claim)
                throw new InvalidOperationException($"The store answered {result.Outcome} for a new random key, which nobody holds.");

            await claim.DisposeAsync();
            return (name ?? "(default)", null);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return (name ?? "(default)", exception);
        }
    }
}
