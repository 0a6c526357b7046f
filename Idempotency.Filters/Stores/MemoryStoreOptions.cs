namespace Idempotency.Filters.Stores;

/// <summary>The bounds of the in-memory store. Reached, they refuse new keys; nothing that a retry may still need is ever evicted.</summary>
public sealed class MemoryStoreOptions
{
    /// <summary>How many keys, claimed or completed, are held at most. Default 1,000,000; at least 1.</summary>
    public int MaxEntries { get; set; } = 1_000_000;

    /// <summary>
    /// How many bytes are held at most, counted as the records plus a fixed amount per key for what surrounds them. Default 256 MiB; at
    /// least 64 KiB.
    /// </summary>
    public long MaxBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>How many keys one caller may hold at a time; null = no limit. Default null.</summary>
    public int? MaxKeysPerCaller { get; set; }
}
