using Idempotency.Filters.Options;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Policies;

/// <summary>Builds policies from the settings of <c>AddIdempotency</c>, then those of the named policy, then those of the marker.</summary>
internal sealed class IdempotencyPolicies(
    IOptionsFactory<IdempotencyOptions> factory,
    IOptions<IdempotencyOptions> settings,
    IEnumerable<PolicyRegistration> registrations,
    HashKeys hashKeys,
    RequestHashing hashing,
    DefaultKeyPrefix defaultKeyPrefix,
    IServiceProvider services)
{
    private const string OtherSecret =
        "HashSecret differs from that of AddIdempotency, but an application has one. Set it in AddIdempotency alone, to a value that stays "
        + "the same each time it is read, and remove it from the policy.";

    private const string OtherPendingLimit =
        "MaxPendingBytes differs from that of AddIdempotency, but a process has one limit. Set it in AddIdempotency alone.";

    private volatile bool _isAnyUsed;
    private volatile bool _isDefaultUsed;

    /// <summary>Whether any endpoint is covered.</summary>
    public bool IsAnyUsed => _isAnyUsed;

    /// <param name="marker">What the endpoint says.</param>
    /// <param name="endpoint">The name of the endpoint, for messages.</param>
    /// <returns>The policy; null when the endpoint is exempt.</returns>
    /// <exception cref="InvalidOperationException">The policy or its store is not registered.</exception>
    /// <exception cref="OptionsValidationException">The merged settings are invalid, or do not fit the store.</exception>
    public IdempotencyPolicy? Build(IIdempotencyMarker? marker, string endpoint)
    {
        if (marker is null or { Mode: IdempotencyMode.Exempt })
            return null;

        // Always the default name: a named instance would lack the settings made without a name. Each call creates a fresh copy.
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
        if (!hashKeys.AreOf(options.HashSecret))
            failures.Add(OtherSecret);
        if (options.MaxPendingBytes != settings.Value.MaxPendingBytes)
            failures.Add(OtherPendingLimit);
        if (failures.Count > 0)
            throw Invalid(marker.Policy, endpoint, failures);

        var store = Store(options.StoreName, endpoint);
        if (store.OperationTimeout >= options.Lease)
            throw Invalid(marker.Policy, endpoint, [TooShortLease(options, store)]);

        var policy = new IdempotencyPolicy(marker.Policy, marker.Mode, options, store, hashing, defaultKeyPrefix.Value);
        return policy.Objection is { } objection ? throw Invalid(marker.Policy, endpoint, [objection]) : policy;
    }

    /// <summary>Notes that this policy covers an endpoint.</summary>
    public void NoteUse(IdempotencyPolicy policy)
    {
        _isAnyUsed = true;
        if (policy.IsDefault)
            _isDefaultUsed = true;
    }

    /// <summary>
    /// Builds every policy that may have keys. Named policies count even if no endpoint uses them, because a former policy may be
    /// registered only for its old keys. The settings of <c>AddIdempotency</c> count unless all covered endpoints have named policies. They
    /// also count in a process that covers no endpoint, which cannot know what the others cover.
    /// </summary>
    /// <exception cref="InvalidOperationException">The store of a policy is not registered.</exception>
    /// <exception cref="OptionsValidationException">The merged settings of a policy are invalid.</exception>
    public IdempotencyPolicy[] BuildAll() =>
    [
        .. _isDefaultUsed || !_isAnyUsed
            ? [Build(PolicyMarker.Default, "The settings of AddIdempotency")!]
            : Array.Empty<IdempotencyPolicy>(),
        .. registrations.Select(registration => registration.Name).Distinct(StringComparer.Ordinal)
            .Select(name => Build(new PolicyMarker(name), $"Policy '{name}'")!),
    ];

    private static OptionsValidationException Invalid(string? policy, string endpoint, IEnumerable<string> failures) => new(
        policy ?? Microsoft.Extensions.Options.Options.DefaultName,
        typeof(IdempotencyOptions),
        failures.Select(failure => $"{endpoint}: {failure}"));

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

    // A call that hangs must end before the lease does, with time left for another try.
    private static string TooShortLease(IdempotencyOptions options, IIdempotencyStore store) =>
        $"Lease is {options.Lease}, but one call of {(options.StoreName is { } name ? $"the store '{name}'" : "the default store")} "
        + $"may take its OperationTimeout of {store.OperationTimeout}. OperationTimeout must be below the Lease of every policy that uses "
        + "the store; keep it below a tenth. Lengthen Lease or shorten OperationTimeout.";

    private IIdempotencyStore Store(string? name, string endpoint) => name is null
        ? services.GetRequiredService<IIdempotencyStore>()
        : services.GetKeyedService<IIdempotencyStore>(name) ?? throw new InvalidOperationException(
            $"{endpoint} has StoreName '{name}', which is not registered. Add it with AddIdempotency().AddStore(\"{name}\", ...).");
}
