using System.Buffers;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Administration;

/// <summary>Finds the policy and the storage key that operators mean, and calls the store.</summary>
internal sealed class IdempotencyAdministration(
    IdempotencyPolicies policies,
    IIdempotencyKeyEncoder encoder,
    RecordProtection protection,
    TimeProvider timeProvider,
    ILogger<IdempotencyAdministration> logger) : IIdempotencyAdministration
{
    private const string FormerSettings = "To reach keys from before a change of the settings, register a policy with the former settings.";

    public async ValueTask<FoundKey?> FindAsync(
        IdempotencyScope scope, string key, string? policy = null, CancellationToken cancellationToken = default)
    {
        var settings = PolicyNamed(policy);
        var storageKey = StorageKeyOf(scope, key, settings);
        return await StoreOf(settings).FindAsync(storageKey, cancellationToken) is { } stored ? Read(storageKey.Value, stored) : null;
    }

    public string LogHashOf(IdempotencyScope scope, string key, string? policy = null) =>
        new KeyHash(StorageKeyOf(scope, key, PolicyNamed(policy)).Value).ToString();

    public async ValueTask<ResolveOutcome> ResolveAsync(
        IdempotencyScope scope, string key, IdempotencyResolution resolution, string? policy = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resolution);
        var settings = PolicyNamed(policy);
        var storageKey = StorageKeyOf(scope, key, settings);
        if (resolution.BodyLength > settings.Options.MaxResponseBodySize)
        {
            throw new ArgumentException(
                $"The body has {resolution.BodyLength} bytes, but MaxResponseBodySize is {settings.Options.MaxResponseBodySize}.",
                nameof(resolution));
        }

        var store = StoreOf(settings);
        if (await store.FindAsync(storageKey, cancellationToken) is not { } stored)
            return ResolveOutcome.NotFound;

        switch (Read(storageKey.Value, stored).State)
        {
            case FoundKeyState.InFlight:
                return ResolveOutcome.InFlight;
            case FoundKeyState.Completed:
                return ResolveOutcome.AlreadyCompleted;
        }

        // Not disposed if the call fails: the store may still be reading the buffer.
        var record = resolution.ToRecord(settings.Options.ReplayedHeaderName, timeProvider.GetUtcNow())?.Write();
        ReadOnlySequence<byte>? bytes = record is { } written ? protection.Protect(storageKey.Value, written.Sequence) : null;
        var isResolved = await store.ResolveAsync(storageKey, stored, bytes, settings.Options.Retention, cancellationToken);
        record?.Dispose();
        if (!isResolved)
            return ResolveOutcome.Changed;

        AdministrationLog.Resolved(logger, new KeyHash(storageKey.Value), record is null ? "free" : "completed");
        return ResolveOutcome.Resolved;
    }

    public async ValueTask<long> ForgetAsync(IdempotencyScope scope, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scope);

        var all = policies.BuildAll();
        var defects = all
            .Select(policy => (policy.Name, Defect: scope.DefectUnder(policy.Options)))
            .Where(policy => policy.Defect is not null)
            .ToList();
        var advice = string.Join(' ', defects.Select(policy => policy.Defect).Distinct());
        if (defects.Count == all.Length)
        {
            throw new ArgumentException(
                $"No request can have this scope under any policy, so nobody would be forgotten. {advice} {FormerSettings}",
                nameof(scope));
        }

        var places = all
            .DistinctBy(policy => (policy.Store, policy.KeyPrefix))
            .Select(policy => (Store: StoreOf(policy), policy.Options.StoreName, policy.KeyPrefix))
            .ToList();

        // Check all stores before removing anything, so that a caller is not half forgotten.
        foreach (var (store, name, _) in places)
        {
            if (!store.CanForget)
            {
                throw new NotSupportedException(
                    $"{Describe(store, name)} cannot enumerate its keys, so it cannot forget a caller. "
                    + "Nothing was removed from any store. Use a store that can, or wait until Retention has removed the records.");
            }
        }

        var forgotten = 0L;
        foreach (var (store, _, prefix) in places)
            forgotten += await store.ForgetAsync(encoder.EncodeScope(prefix, scope.Value), cancellationToken);

        AdministrationLog.Forgot(logger, forgotten);
        if (defects.Count > 0)
            AdministrationLog.ForgotInPart(logger, string.Join(", ", defects.Select(policy => $"'{policy.Name}'")), advice);
        return forgotten;
    }

    private IdempotencyPolicy PolicyNamed(string? name) => policies.Build(
        new PolicyMarker(name),
        name is null ? $"{nameof(IIdempotencyAdministration)}, called without a policy and so for the settings of AddIdempotency"
            : nameof(IIdempotencyAdministration))!;

    private StorageKey StorageKeyOf(IdempotencyScope scope, string key, IdempotencyPolicy policy)
    {
        var options = policy.Options;
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(key);
        if (scope.DefectUnder(options) is { } defect)
            throw new ArgumentException($"No request can have this scope under the policy. {defect} {FormerSettings}", nameof(scope));

        var reading = IdempotencyKey.ReadPlain(key, options.KeyFormat, options.MaxKeyLength);
        return reading.Status is KeyStatus.Valid
            ? encoder.Encode(policy.KeyPrefix, scope.Value, reading.Key!)
            : throw new ArgumentException(reading.Problem, nameof(key));
    }

    private static IIdempotencyStoreAdministration StoreOf(IdempotencyPolicy policy) =>
        policy.Store as IIdempotencyStoreAdministration ?? throw new NotSupportedException(
            $"{Describe(policy.Store, policy.Options.StoreName)} does not implement {nameof(IIdempotencyStoreAdministration)}, "
            + "so its keys cannot be looked up, resolved or forgotten. Use a store that does, such as UseMemory(), or implement it.");

    private static string Describe(object store, string? name) =>
        name is null ? $"The default store ({store.GetType().Name})" : $"The store \"{name}\" ({store.GetType().Name})";

    private FoundKey Read(string storageKey, StoredKey stored) => stored.State switch
    {
        ClaimOutcome.InFlight => new(FoundKeyState.InFlight),
        ClaimOutcome.Interrupted => new(FoundKeyState.Interrupted),
        _ when protection.TryRead(storageKey, new(stored.Record), out var record) => new(StateOf(record.Flags), record),
        _ => new(FoundKeyState.Unreadable),
    };

    private static FoundKeyState StateOf(RecordFlags flags)
    {
        if (flags.HasFlag(RecordFlags.OutcomeUnknown))
            return FoundKeyState.Failed;

        return flags.HasFlag(RecordFlags.NotReplayable) ? FoundKeyState.NotReplayable : FoundKeyState.Completed;
    }
}
