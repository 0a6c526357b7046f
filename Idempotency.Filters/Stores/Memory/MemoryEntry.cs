namespace Idempotency.Filters.Stores.Memory;

/// <summary>What the store knows about one key. Use it only under the lock of its shard.</summary>
internal sealed class MemoryEntry(string key, string caller)
{
    public string Key => key;

    /// <summary>The caller whose limit this key counts against; the key itself if callers have no limit, which spares the name.</summary>
    public string Caller => caller;

    /// <summary>The claim whose token the key carries, even after its lease ended.</summary>
    public MemoryClaim? Claim { get; set; }

    public byte[]? Record { get; set; }

    /// <summary>Unique among all records and claims.</summary>
    public long RecordNumber { get; set; }

    public long RecordExpiresAt { get; set; }

    public MemoryWaitQueue? Waiters { get; set; }

    /// <summary>The index of this entry in the expiry queue.</summary>
    public int QueueSlot { get; set; } = MemoryExpiryQueue.NotQueued;

    /// <summary>The moment from which neither its claim nor its record matters.</summary>
    public long GoneAt => Math.Max(Claim?.KeptUntil ?? 0, Record is null ? 0 : RecordExpiresAt);

    public MemoryKeyState StateAt(long now)
    {
        if (Claim is not null)
        {
            if (now < Claim.LeaseEndsAt)
                return MemoryKeyState.InFlight;

            if (now < Claim.BlockedUntil)
                return MemoryKeyState.Interrupted;
        }

        return Record is not null && now < RecordExpiresAt ? MemoryKeyState.Completed : MemoryKeyState.Free;
    }
}
