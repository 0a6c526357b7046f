using System.Globalization;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.Memory;

internal sealed partial class MemoryShard
{
    public StoredKey? Describe(string key)
    {
        lock (_gate)
        {
            var now = store.Clock.Now;
            return Find(key, now) is { } entry ? Describe(entry, now) : null;
        }
    }

    /// <returns>False if the key is in flight, has changed since it was found, or <paramref name="lacksRoom"/>.</returns>
    public bool Resolve(string key, StoredKey found, byte[]? record, TimeSpan? retention, out bool lacksRoom)
    {
        lock (_gate)
        {
            lacksRoom = false;
            var now = store.Clock.Now;
            if (Find(key, now) is not { } entry
                || Describe(entry, now) is not { State: not ClaimOutcome.InFlight } current
                || current.Version != found.Version)
            {
                return false;
            }

            lacksRoom = !store.Capacity.TryReplace(entry.Record, record);
            if (lacksRoom)
                return false;

            entry.Claim?.Lose();
            Keep(entry, record, StoreClock.After(now, retention));
            Settle(entry, now);
            return true;
        }
    }

    public long Forget(string scope)
    {
        lock (_gate)
        {
            var now = store.Clock.Now;
            MemoryEntry[] ofScope = [.. _entries.Values.Where(entry => entry.Key.StartsWith(scope, StringComparison.Ordinal))];
            var forgotten = 0L;
            foreach (var entry in ofScope)
            {
                // Settle first: the lease may have ended just now, and its waiters must get an answer.
                if (Settle(entry, now) && entry.StateAt(now) is MemoryKeyState.Completed or MemoryKeyState.Interrupted)
                {
                    Remove(entry);
                    forgotten++;
                }
            }

            return forgotten;
        }
    }

    /// <summary>The handle of a key is the key.</summary>
    public List<StoredEntry> List(in ListOptions options)
    {
        var listed = new List<StoredEntry>();
        lock (_gate)
        {
            var now = store.Clock.Now;
            foreach (var entry in _entries.Values)
            {
                if (entry.Key.StartsWith(options.Prefix, StringComparison.Ordinal)
                    && OutcomeOf(entry.StateAt(now)) is { } state && options.States.Contains(state))
                {
                    listed.Add(Listed(entry, Describe(entry, now, options.RecordLength)!, now));
                }
            }
        }

        return listed;
    }

    public StoredEntry? FindListed(string key)
    {
        lock (_gate)
        {
            var now = store.Clock.Now;
            return Find(key, now) is { } entry && Describe(entry, now) is { } content ? Listed(entry, content, now) : null;
        }
    }

    private static StoredEntry Listed(MemoryEntry entry, StoredKey content, long now) => content.State switch
    {
        ClaimOutcome.InFlight => new(entry.Key, content) { StorageKey = entry.Key, Age = Between(entry.Claim!.ClaimedAt, now) },
        ClaimOutcome.Interrupted => new(entry.Key, content)
        {
            StorageKey = entry.Key,
            Age = Between(entry.Claim!.LeaseEndsAt, now),
            ExpiresIn = Until(entry.Claim.BlockedUntil, now),
        },
        _ => new(entry.Key, content) { StorageKey = entry.Key, ExpiresIn = Until(entry.RecordExpiresAt, now) },
    };

    private static TimeSpan Between(long then, long now) => TimeSpan.FromTicks(now - then);

    private static TimeSpan? Until(long moment, long now) => moment == StoreClock.Never ? null : Between(now, moment);

    private static ClaimOutcome? OutcomeOf(MemoryKeyState state) => state switch
    {
        MemoryKeyState.InFlight => ClaimOutcome.InFlight,
        MemoryKeyState.Interrupted => ClaimOutcome.Interrupted,
        MemoryKeyState.Completed => ClaimOutcome.Completed,
        _ => null,
    };

    // Claims and records share one sequence of numbers, so a number alone identifies the content.
    private static StoredKey? Describe(MemoryEntry entry, long now, int? recordLength = null) => entry.StateAt(now) switch
    {
        MemoryKeyState.InFlight => new(ClaimOutcome.InFlight, default, Version(entry.Claim!.FencingToken)),
        MemoryKeyState.Interrupted => new(ClaimOutcome.Interrupted, default, Version(entry.Claim!.FencingToken)),
        MemoryKeyState.Completed => new(ClaimOutcome.Completed, Copy(entry.Record!, recordLength), Version(entry.RecordNumber)),
        _ => null,
    };

    private static byte[] Copy(byte[] record, int? length) => record.AsSpan(0, Math.Min(record.Length, length ?? int.MaxValue)).ToArray();

    private static string Version(long? number) => string.Create(CultureInfo.InvariantCulture, $"{number}");
}
