namespace Idempotency.Filters.Stores;

/// <summary>The bounds of the in-memory store. Reached, they refuse new keys; nothing that a retry may still need is ever evicted.</summary>
public sealed class MemoryStoreOptions
{
    /// <summary>How many keys, claimed or completed, are held at most. Default 1,000,000; at least 1.</summary>
    public int MaxEntries { get; set; } = 1_000_000;

    /// <summary>
    /// How many bytes are held at most: 512 for each key and what surrounds it, and its record, which counts as 512 at least, so that a
    /// claimed key always has room for a small one. Default 256 MiB; at least 64 KiB.
    /// </summary>
    public long MaxBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>
    /// How many keys one caller may hold at a time, so that none can fill the store; null = no limit. Default null; at least 1. The caller is
    /// the one of <see cref="IdempotencyOptions.CallerId"/> or of the user's claims, whatever <see cref="IdempotencyOptions.KeyScope"/> adds.
    /// All anonymous requests count as one caller.
    /// </summary>
    public int? MaxKeysPerCaller { get; set; }
}
