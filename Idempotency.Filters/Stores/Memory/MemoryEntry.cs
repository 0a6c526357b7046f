namespace Idempotency.Filters.Stores.Memory;

/// <summary>What the store knows of one key. Touched only under the lock of its shard.</summary>
internal sealed class MemoryEntry(string key, string caller)
{
    public string Key => key;

    /// <summary>Whose key it is.</summary>
    public string Caller => caller;

    /// <summary>The claim whose token the key carries, also after its lease ended.</summary>
    public MemoryClaim? Claim { get; set; }

    public byte[]? Record { get; set; }

    /// <summary>No other record, and no claim, has it.</summary>
    public long RecordNumber { get; set; }

    public long RecordExpiresAt { get; set; }

    public MemoryWaitQueue? Waiters { get; set; }

    /// <summary>Where the expiry queue holds it.</summary>
    public int QueueSlot { get; set; } = MemoryExpiryQueue.NotQueued;

    /// <summary>From when on nothing of it matters any more.</summary>
    public long GoneAt => Math.Max(Claim?.KeptUntil ?? 0, Record is null ? 0 : RecordExpiresAt);

    public MemoryKeyState StateAt(long now)
    {
        if (Claim is not null)
        {
            if (now < Claim.LeaseEndsAt)
                return MemoryKeyState.InFlight;

            if (now < Claim.RefusedUntil)
                return MemoryKeyState.Interrupted;
        }

        return Record is not null && now < RecordExpiresAt ? MemoryKeyState.Completed : MemoryKeyState.Free;
    }
}
