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
    private readonly KeyListing _listing = new(protection, timeProvider);

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
        var settings = PolicyNamed(policy);
        var storageKey = StorageKeyOf(scope, key, settings);
        CheckSize(resolution, settings);

        var store = StoreOf(settings);
        if (await store.FindAsync(storageKey, cancellationToken) is not { } stored)
            return ResolveOutcome.NotFound;

        return await SettleAsync(
            Read(storageKey.Value, stored).State, resolution, settings, storageKey.Value, LogHashOf(scope, key, policy),
            (record, retention) => store.ResolveAsync(storageKey, stored, record, retention, cancellationToken));
    }

    public IAsyncEnumerable<ListedKey> ListAsync(
        IReadOnlyCollection<FoundKeyState> states, TimeSpan olderThan = default, string? policy = null, int max = 1000,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentOutOfRangeException.ThrowIfLessThan(olderThan, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        if (states.Count == 0)
            throw new ArgumentException("Name at least one state.", nameof(states));

        var settings = PolicyNamed(policy);
        return _listing.ListAsync(ListingStoreOf(settings), settings, [.. states], olderThan, max, cancellationToken);
    }

    public async ValueTask<FoundKey?> FindListedAsync(string handle, string? policy = null, CancellationToken cancellationToken = default)
    {
        var settings = PolicyNamed(policy);
        return await FindEntryAsync(ListingStoreOf(settings), handle, settings, cancellationToken) is { } entry ? Read(entry) : null;
    }

    public async ValueTask<ResolveOutcome> ResolveListedAsync(
        string handle, IdempotencyResolution resolution, string? policy = null, CancellationToken cancellationToken = default)
    {
        var settings = PolicyNamed(policy);
        CheckSize(resolution, settings);

        var store = ListingStoreOf(settings);
        if (await FindEntryAsync(store, handle, settings, cancellationToken) is not { } entry)
            return ResolveOutcome.NotFound;

        var isRecord = entry.Content.State is ClaimOutcome.Completed || resolution != IdempotencyResolution.Free;
        if (isRecord && entry.StorageKey is null && protection.NeedsStorageKey)
        {
            throw new NotSupportedException(
                $"{Describe(store, settings.Options.StoreName)} keeps only hashes of storage keys, and ProtectRecords binds each record to "
                + $"its storage key. So this key can be resolved by the client's key alone: call {nameof(ResolveAsync)}.");
        }

        return await SettleAsync(
            Read(entry).State, resolution, settings, entry.StorageKey ?? "", KeyListing.LogHashOf(entry),
            (record, retention) => store.ResolveListedAsync(entry, record, retention, cancellationToken));
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

    /// <summary>Resolves a key that was found, unless it is in flight or has its answer.</summary>
    private async ValueTask<ResolveOutcome> SettleAsync(
        FoundKeyState state, IdempotencyResolution resolution, IdempotencyPolicy policy, string storageKey, string logHash,
        Func<ReadOnlySequence<byte>?, TimeSpan?, ValueTask<bool>> resolve)
    {
        switch (state)
        {
            case FoundKeyState.InFlight:
                return ResolveOutcome.InFlight;
            case FoundKeyState.Completed:
                return ResolveOutcome.AlreadyCompleted;
        }

        // Not disposed if the call fails: the store may still be reading the buffer.
        var record = resolution.ToRecord(policy.Options.ReplayedHeaderName, timeProvider.GetUtcNow())?.Write();
        ReadOnlySequence<byte>? bytes = record is { } written ? protection.Protect(storageKey, written.Sequence) : null;
        var isResolved = await resolve(bytes, policy.Options.Retention);
        record?.Dispose();
        if (!isResolved)
            return ResolveOutcome.Changed;

        AdministrationLog.Resolved(logger, logHash, record is null ? "free" : "completed");
        return ResolveOutcome.Resolved;
    }

    private static void CheckSize(IdempotencyResolution resolution, IdempotencyPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(resolution);
        if (resolution.BodyLength > policy.Options.MaxResponseBodySize)
        {
            throw new ArgumentException(
                $"The body has {resolution.BodyLength} bytes, but MaxResponseBodySize is {policy.Options.MaxResponseBodySize}.",
                nameof(resolution));
        }
    }

    /// <summary>The key of a handle; null if it is free, or not one of the policy's: handles come from outside.</summary>
    private static async ValueTask<StoredEntry?> FindEntryAsync(
        IIdempotencyStoreAdministration store, string handle, IdempotencyPolicy policy, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(handle);
        var entry = await store.FindListedAsync(handle, cancellationToken);
        return entry?.StorageKey?.StartsWith(policy.KeyPrefix, StringComparison.Ordinal) is false ? null : entry;
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

    private static IIdempotencyStoreAdministration ListingStoreOf(IdempotencyPolicy policy)
    {
        var store = StoreOf(policy);
        return store.CanList ? store : throw new NotSupportedException(
            $"{Describe(store, policy.Options.StoreName)} cannot list its keys. Use a store that can, or find a key by the client's key.");
    }

    private static string Describe(object store, string? name) =>
        name is null ? $"The default store ({store.GetType().Name})" : $"The store \"{name}\" ({store.GetType().Name})";

    private FoundKey Read(StoredEntry entry) =>
        entry is { StorageKey: null, Content.State: ClaimOutcome.Completed } && protection.NeedsStorageKey
            ? new(FoundKeyState.Completed)
            : Read(entry.StorageKey ?? "", entry.Content);

    private FoundKey Read(string storageKey, StoredKey stored) => stored.State switch
    {
        ClaimOutcome.InFlight => new(FoundKeyState.InFlight),
        ClaimOutcome.Interrupted => new(FoundKeyState.Interrupted),
        _ when protection.TryRead(storageKey, new(stored.Record), out var record) => new(FoundKey.StateOf(record.Flags), record),
        _ => new(FoundKeyState.Unreadable),
    };
}
