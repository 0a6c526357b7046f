using Microsoft.Extensions.Caching.Distributed;

namespace Idempotency.Filters.Stores;

/// <summary>Whether requests with one key exclude each other.</summary>
public enum CacheLocking
{
    /// <summary>The key is locked while its action runs.</summary>
    On,

    /// <summary>
    /// Nothing is locked: a retry that comes while the first request still runs is run as well. A retry that comes later gets the first
    /// answer. For applications that let no two requests with one key in at a time.
    /// </summary>
    Off,
}
