using System.Runtime.CompilerServices;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Administration;

/// <summary>Makes of what a store lists what operators see.</summary>
internal sealed class KeyListing(RecordProtection protection, TimeProvider timeProvider)
{
    /// <param name="store">A store that can list its keys.</param>
    /// <param name="policy">The policy whose prefix the keys have.</param>
    /// <param name="states">The wanted states.</param>
    /// <param name="olderThan">The least age of a key whose age is known.</param>
    /// <param name="max">How many keys at most.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    public async IAsyncEnumerable<ListedKey> ListAsync(
        IIdempotencyStoreAdministration store, IdempotencyPolicy policy, HashSet<FoundKeyState> states, TimeSpan olderThan, int max,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = new ListOptions
        {
            Prefix = policy.KeyPrefix,
            States = [.. states.Select(OutcomeOf).Distinct()],
            RecordLength = protection.SummaryLength,
        };
        // Stores may list a key twice.
        var listed = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var entry in store.ListAsync(options, cancellationToken).WithCancellation(cancellationToken))
        {
            var key = Describe(entry);
            if (!states.Contains(key.State) || IsYounger(key, olderThan) || !listed.Add(key.Handle))
                continue;

            yield return key;
            if (listed.Count == max)
                yield break;
        }
    }

    /// <summary>As logs show the key.</summary>
    public static string LogHashOf(StoredEntry entry) =>
        entry.StorageKey is { } storageKey ? new KeyHash(storageKey).ToString() : KeyHash.OfDigest(entry.KeyDigest.Span);

    // Without a least age the clocks of others do not matter, which may be ahead.
    private bool IsYounger(ListedKey key, TimeSpan age) => age > TimeSpan.Zero && timeProvider.GetUtcNow() - key.Since < age;

    private ListedKey Describe(StoredEntry entry)
    {
        var now = timeProvider.GetUtcNow();
        var (state, since) = StateOf(entry);
        return new(entry.Handle, LogHashOf(entry), state)
        {
            Since = since ?? (entry.Age is { } age ? now - age : null),
            Expires = entry.ExpiresIn is { } rest && rest < DateTimeOffset.MaxValue - now ? now + rest : null,
        };
    }

    private (FoundKeyState State, DateTimeOffset? Since) StateOf(StoredEntry entry) => entry.Content.State switch
    {
        ClaimOutcome.InFlight => (FoundKeyState.InFlight, null),
        ClaimOutcome.Interrupted => (FoundKeyState.Interrupted, null),
        _ when protection.NeedsStorageKey && entry.StorageKey is null => (FoundKeyState.Completed, null),
        _ when protection.TrySummarize(entry.StorageKey ?? "", entry.Content.Record, out var record) =>
            (FoundKey.StateOf(record.Flags), record.Created),
        _ => (FoundKeyState.Unreadable, null),
    };

    private static ClaimOutcome OutcomeOf(FoundKeyState state) => state switch
    {
        FoundKeyState.InFlight => ClaimOutcome.InFlight,
        FoundKeyState.Interrupted => ClaimOutcome.Interrupted,
        _ => ClaimOutcome.Completed,
    };
}
