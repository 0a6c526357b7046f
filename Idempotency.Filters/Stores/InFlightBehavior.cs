namespace Idempotency.Filters;

/// <summary>What a request gets whose key is in use by a request that still runs.</summary>
public enum InFlightBehavior
{
    /// <summary>A 409 at once, with <c>Retry-After</c> (draft-ietf-httpapi-idempotency-key-header-07, section 2.7).</summary>
    Reject,

    /// <summary>The first request's answer, as soon as it is there, within <see cref="IdempotencyOptions.WaitTimeout"/>.</summary>
    Wait,
}
