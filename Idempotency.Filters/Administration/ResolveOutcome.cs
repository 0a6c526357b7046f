using Microsoft.Extensions.Options;

namespace Idempotency.Filters;

/// <summary>What became of an attempt to resolve a key.</summary>
public enum ResolveOutcome
{
    /// <summary>The key is free, or never was used by this caller under this policy: there is nothing to resolve.</summary>
    NotFound,

    /// <summary>A request with the key runs now. Nothing was changed.</summary>
    InFlight,

    /// <summary>The key has its answer, from the action or from another operator. Nothing was changed.</summary>
    AlreadyCompleted,

    /// <summary>
    /// The key changed while it was being resolved, by a late holder or another operator. Nothing was changed: look again.
    /// </summary>
    Changed,

    /// <summary>The key is as the resolution says.</summary>
    Resolved,
}
