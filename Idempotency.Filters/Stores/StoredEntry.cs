namespace Idempotency.Filters.Stores;

/// <summary>One key as a store lists it.</summary>
/// <param name="Handle">
/// The text by which the store finds the key again, for as long as it holds it. Each store defines its own format.
/// </param>
/// <param name="Content">What the store holds under the key. Of its record perhaps only the beginning.</param>
public sealed record StoredEntry(string Handle, StoredKey Content)
{
    /// <summary>The whole storage key; null if the store keeps only its hash. Default null.</summary>
    public string? StorageKey { get; init; }

    /// <summary>
    /// At least the first six bytes of the SHA-256 of the storage key in UTF-8, by which logs name the key. Needed only where
    /// <see cref="StorageKey"/> is null. Default empty.
    /// </summary>
    public ReadOnlyMemory<byte> KeyDigest { get; init; }

    /// <summary>
    /// How long ago the key was claimed, if it is in flight; how long ago its lease ended, if it is interrupted. By the clock of the store.
    /// Null = unknown, and for a completed key, whose record has the time. Default null.
    /// </summary>
    public TimeSpan? Age { get; init; }

    /// <summary>
    /// How long until the key is free by itself, if it is completed or interrupted. Null = never, unknown, or the key is in flight.
    /// Default null.
    /// </summary>
    public TimeSpan? ExpiresIn { get; init; }
}
