namespace Idempotency.Filters.Stores;

/// <summary>Whether requests with the same key exclude each other.</summary>
public enum CacheLocking
{
    /// <summary>The key is locked while its action runs.</summary>
    On,

    /// <summary>
    /// Nothing is locked. A retry that arrives while the first request is running runs the action too. A later retry gets the first
    /// response. For applications that never admit two requests with the same key at a time.
    /// </summary>
    Off,
}
