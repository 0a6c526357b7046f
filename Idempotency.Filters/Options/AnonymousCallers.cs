namespace Idempotency.Filters;

/// <summary>
/// What becomes of callers that nothing identifies: no authenticated user, and no <see cref="IdempotencyOptions.CallerId"/>. They share one
/// scope, so a caller that sends another one's key and body gets the other one's answer.
/// </summary>
public enum AnonymousCallers
{
    /// <summary>
    /// They are accepted. At start, one Warning (event 24) names the covered endpoints that no authorization reaches and for which no
    /// <see cref="IdempotencyOptions.CallerId"/> is set. There is no Warning in the environment Development as long as no authentication
    /// scheme is registered.
    /// </summary>
    Warn,

    /// <summary>They are accepted, without a Warning. For endpoints whose answers every caller may see.</summary>
    Allow,

    /// <summary>
    /// A covered request that has a key and no caller gets 401 <c>caller-anonymous</c>, and its action does not run. The application
    /// starts, because users may sign in of their own accord on endpoints that do not require it.
    /// </summary>
    Reject,
}
