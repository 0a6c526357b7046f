namespace Idempotency.Filters;

/// <summary>The result of an attempt to resolve a key.</summary>
public enum ResolveOutcome
{
    /// <summary>The key is free, or this caller never used it under this policy. There is nothing to resolve.</summary>
    NotFound,

    /// <summary>A request with the key is running. Nothing was changed.</summary>
    InFlight,

    /// <summary>The key already has an answer, from the action or from another operator. Nothing was changed.</summary>
    AlreadyCompleted,

    /// <summary>
    /// A process that came back late, a retry or another operator changed the key meanwhile. This call changed nothing: find the key again.
    /// </summary>
    Changed,

    /// <summary>The key is free or has the answer, as the resolution says.</summary>
    Resolved,
}
