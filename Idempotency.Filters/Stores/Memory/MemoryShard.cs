using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>
/// A part of the keys, under one lock. No foreign code runs under that lock: waiters and the callbacks of
/// <see cref="IdempotencyClaim.Lost"/> continue on the thread pool.
/// </summary>
internal sealed partial class MemoryShard(MemoryIdempotencyStore store)
{
    // A claim adds one key at most. Purging more than one removes expired records faster than new ones arrive.
    private const int PurgedPerClaim = 4;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, MemoryEntry> _entries = new(StringComparer.Ordinal);
    private readonly MemoryExpiryQueue _expiry = new();

    public MemoryIdempotencyStore Store => store;

    /// <returns>Null on success; otherwise an exception message that names the limit.</returns>
    public string? TryClaim(string key, in ClaimOptions options, MemoryWaiter? waiter, out ClaimResult result)
    {
        lock (_gate)
        {
            var now = store.Clock.Now;
            Purge(now, PurgedPerClaim);
            var entry = Find(key, now);
            if (entry is null && (entry = TryAdd(key, options.Caller ?? key, out var refusal)) is null)
            {
                result = default;
                return refusal;
            }

            result = Answer(entry, options, now);
            if (waiter is not null && result.Outcome == ClaimOutcome.InFlight)
                Enqueue(waiter, entry, now);

            return null;
        }
    }

    public Completion Complete(MemoryClaim claim, byte[] record, TimeSpan? retention, out string? refusal)
    {
        lock (_gate)
        {
            refusal = null;
            if (claim.Phase == MemoryClaimPhase.Completed)
                return Completion.Stored;

            ObjectDisposedException.ThrowIf(claim.Phase == MemoryClaimPhase.Released, claim);
            var now = store.Clock.Now;
            var entry = claim.Entry;
            var lost = entry.Claim != claim;
            if (lost)
            {
                if (Find(claim.Entry.Key, now) is not null)
                    return Completion.LeaseLost;

                entry = TryAdd(claim.Entry.Key, claim.Entry.Caller, out refusal);
                if (entry is null)
                    return default;
            }

            if (!store.Capacity.TryReplace(entry.Record, record))
            {
                // If the claim was lost, the entry is new and empty: this removes it.
                if (lost)
                    Settle(entry, now);

                return Completion.TooLarge;
            }

            Keep(entry, record, StoreClock.After(now, retention));
            claim.Phase = MemoryClaimPhase.Completed;
            Settle(entry, now);
            return lost ? Completion.Restored : Completion.Stored;
        }
    }

    public void Release(MemoryClaim claim)
    {
        lock (_gate)
        {
            if (claim.Phase == MemoryClaimPhase.Held)
            {
                claim.Phase = MemoryClaimPhase.Released;
                if (claim.Entry.Claim == claim)
                {
                    claim.Entry.Claim = null;
                    Settle(claim.Entry, store.Clock.Now);
                }
            }
        }
    }

    public void Abandon(MemoryClaim claim)
    {
        lock (_gate)
        {
            if (claim.Phase == MemoryClaimPhase.Held)
            {
                var now = store.Clock.Now;
                claim.Phase = MemoryClaimPhase.Abandoned;
                claim.EndRenewal(now);
                if (claim.Entry.Claim == claim)
                    Settle(claim.Entry, now);
            }
        }
    }

    public void Purge()
    {
        lock (_gate)
            Purge(store.Clock.Now, _entries.Count);
    }

    private void Purge(long now, int atMost)
    {
        for (; atMost > 0 && _expiry.FirstDueAt(now) is { } entry; atMost--)
            Settle(entry, now);
    }

    private MemoryEntry? Find(string key, long now) => _entries.TryGetValue(key, out var entry) && Settle(entry, now) ? entry : null;

    private MemoryEntry? TryAdd(string key, string caller, out string? refusal)
    {
        refusal = store.Capacity.TryTakeKey(caller);
        if (refusal is not null)
            return null;

        var entry = new MemoryEntry(key, store.Capacity.CountsCallers ? caller : key);
        _entries.Add(key, entry);
        return entry;
    }

    private ClaimResult Answer(MemoryEntry entry, in ClaimOptions options, long now) => entry.StateAt(now) switch
    {
        MemoryKeyState.InFlight => ClaimResult.InFlight,
        MemoryKeyState.Interrupted => ClaimResult.Interrupted,
        MemoryKeyState.Completed when !options.OverCompleted => ClaimResult.Completed(new(entry.Record!)),
        _ => ClaimResult.Acquired(Grant(entry, options, now)),
    };

    private MemoryClaim Grant(MemoryEntry entry, in ClaimOptions options, long now)
    {
        entry.Claim?.Lose();
        if (entry.Record is not null && now >= entry.RecordExpiresAt)
        {
            store.Capacity.TryReplace(entry.Record, null);
            entry.Record = null;
        }

        entry.Claim = new(this, entry, store.NextNumber(), options, now);
        _expiry.File(entry);
        return entry.Claim;
    }

    private void Keep(MemoryEntry entry, byte[]? record, long expiresAt)
    {
        entry.Claim = null;
        entry.Record = record;
        entry.RecordNumber = store.NextNumber();
        entry.RecordExpiresAt = expiresAt;
    }

    /// <summary>Answers the waiters that can be answered, and removes the entry if nothing of it is left.</summary>
    /// <returns>Whether the entry is still there.</returns>
    private bool Settle(MemoryEntry entry, long now)
    {
        if (entry.Waiters is not null)
            Serve(entry, now);

        if (now < entry.GoneAt)
        {
            _expiry.File(entry);
            return true;
        }

        Remove(entry);
        return false;
    }

    private void Remove(MemoryEntry entry)
    {
        entry.Claim?.Lose();
        entry.Claim = null;
        _expiry.Remove(entry);
        _entries.Remove(entry.Key);
        store.Capacity.GiveKey(entry.Caller, entry.Record);
    }
}
