using Idempotency.Filters.Options;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Policies;

/// <summary>Builds policies: all settings of <c>AddIdempotency</c>, then those of the named policy, then those of the marker.</summary>
internal sealed class IdempotencyPolicies(
    IOptionsFactory<IdempotencyOptions> factory, IEnumerable<PolicyRegistration> registrations, IServiceProvider services)
{
    private volatile bool _isAnyUsed;
    private volatile bool _isDefaultUsed;

    /// <summary>Whether an endpoint is covered.</summary>
    public bool IsAnyUsed => _isAnyUsed;

    /// <param name="marker">What the endpoint says.</param>
    /// <param name="endpoint">The endpoint's name, for messages.</param>
    /// <returns>The policy; null when the endpoint is exempt.</returns>
    /// <exception cref="InvalidOperationException">The policy or its store is not registered.</exception>
    /// <exception cref="OptionsValidationException">The merged settings are invalid, or do not go with the store.</exception>
    public IdempotencyPolicy? Build(IIdempotencyMarker? marker, string endpoint)
    {
        if (marker is null or { Mode: IdempotencyMode.Exempt })
            return null;

        // The factory gives a fresh copy each time; a named one would lack the settings that were made without a name.
        var options = factory.Create(Microsoft.Extensions.Options.Options.DefaultName);
        if (marker.Policy is { } name)
            Apply(name, options, endpoint);
        try
        {
            marker.Overrides?.Invoke(options);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidOperationException($"{endpoint}: {exception.Message}", exception);
        }

        var failures = IdempotencyOptionsValidator.Check(options);
        if (failures.Count > 0)
        {
            throw new OptionsValidationException(
                marker.Policy ?? Microsoft.Extensions.Options.Options.DefaultName, typeof(IdempotencyOptions), failures.Select(failure => $"{endpoint}: {failure}"));
        }

        var store = Store(options.StoreName, endpoint);
        if (store.OperationTimeout >= options.Lease)
        {
            throw new OptionsValidationException(
                marker.Policy ?? Microsoft.Extensions.Options.Options.DefaultName, typeof(IdempotencyOptions), [$"{endpoint}: {TooShortLease(options, store)}"]);
        }

        return new IdempotencyPolicy(marker.Policy, marker.Mode, options, store);
    }

    /// <summary>Notes that an endpoint is covered under this policy.</summary>
    public void NoteUse(IdempotencyPolicy policy)
    {
        _isAnyUsed = true;
        if (policy.IsDefault)
            _isDefaultUsed = true;
    }

    /// <summary>
    /// Every policy that may have keys: the named ones, used or not, since a former one is registered for its keys alone, and the settings
    /// of <c>AddIdempotency</c>, unless all endpoints have named policies. A process that covers no endpoint cannot know, and counts them.
    /// </summary>
    /// <exception cref="InvalidOperationException">The store of one is not registered.</exception>
    /// <exception cref="OptionsValidationException">The merged settings of one are invalid.</exception>
    public IdempotencyPolicy[] BuildAll() =>
    [
        .. _isDefaultUsed || !_isAnyUsed
            ? [Build(PolicyMarker.Default, "The settings of AddIdempotency")!]
            : Array.Empty<IdempotencyPolicy>(),
        .. registrations.Select(registration => registration.Name).Distinct(StringComparer.Ordinal)
            .Select(name => Build(new PolicyMarker(name), $"Policy '{name}'")!),
    ];

    private void Apply(string name, IdempotencyOptions options, string endpoint)
    {
        var found = false;
        foreach (var registration in registrations.Where(registration => registration.Name == name))
        {
            registration.Configure(options);
            found = true;
        }

        if (found)
            return;

        var known = registrations.Select(registration => $"'{registration.Name}'").Distinct().ToArray();
        throw new InvalidOperationException(
            $"{endpoint} names the idempotency policy '{name}', which is not registered. "
            + $"Add it with AddIdempotency().AddPolicy(\"{name}\", ...), "
            + $"or name one of: {(known.Length == 0 ? "(none is registered)" : string.Join(", ", known))}.");
    }

    // A call that hangs would end with the lease or after it, and no other could be tried in time.
    private static string TooShortLease(IdempotencyOptions options, IIdempotencyStore store) =>
        $"Lease is {options.Lease}, but one call of {(options.StoreName is { } name ? $"the store '{name}'" : "the default store")} "
        + $"may take its OperationTimeout of {store.OperationTimeout}, which must be less than every Lease that is kept in the store; "
        + "best a tenth of it. Lengthen Lease or shorten OperationTimeout.";

    private IIdempotencyStore Store(string? name, string endpoint) => name is null
        ? services.GetRequiredService<IIdempotencyStore>()
        : services.GetKeyedService<IIdempotencyStore>(name) ?? throw new InvalidOperationException(
            $"{endpoint} has StoreName '{name}', which is not registered. Add it with AddIdempotency().AddStore(\"{name}\", ...).");
}
