namespace Idempotency.Filters;

/// <summary>What a request gets while another request with the same key is running.</summary>
public enum InFlightBehavior
{
    /// <summary>A 409 at once, with <c>Retry-After</c> (draft-ietf-httpapi-idempotency-key-header-07, section 2.7).</summary>
    Reject,

    /// <summary>The first request's response, once it is there. Waits up to <see cref="IdempotencyOptions.WaitTimeout"/> for it.</summary>
    Wait,
}
