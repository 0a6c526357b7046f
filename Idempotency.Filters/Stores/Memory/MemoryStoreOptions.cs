namespace Idempotency.Filters.Stores;

/// <summary>
/// The limits of the in-memory store. When one is reached, the store refuses new keys. It never evicts anything that a retry may need.
/// </summary>
public sealed class MemoryStoreOptions
{
    /// <summary>The maximum number of keys, claimed or completed. Default 1,000,000; at least 1.</summary>
    public int MaxEntries { get; set; } = 1_000_000;

    /// <summary>
    /// The maximum size, in bytes. Each key counts 512 bytes plus its record. A record counts 512 bytes or more, so that a claimed key
    /// always has room for a small one. Default 256 MiB; at least 64 KiB.
    /// </summary>
    public long MaxBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>
    /// The maximum number of keys that one caller may hold at a time, so that no caller can fill the store; null = no limit. Default null;
    /// at least 1. The caller comes from <see cref="IdempotencyOptions.CallerId"/> or from the user's claims. What
    /// <see cref="IdempotencyOptions.KeyScope"/> adds does not count. All anonymous requests count as one caller.
    /// </summary>
    public int? MaxKeysPerCaller { get; set; }
}
