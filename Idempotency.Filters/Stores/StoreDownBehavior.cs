namespace Idempotency.Filters;

/// <summary>
/// What a request gets while the store cannot be reached. A store that is full, or that holds something unreadable under the key, was
/// reached: then the action never runs.
/// </summary>
public enum StoreDownBehavior
{
    /// <summary>A 503 with <c>Retry-After</c>. The action does not run.</summary>
    Reject,

    /// <summary>The action runs unprotected: a retry may run it again.</summary>
    Execute,
}
