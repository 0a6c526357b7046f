namespace Idempotency.Filters;

/// <summary>What a request gets whose key is in use by a request that still runs.</summary>
public enum InFlightBehavior
{
    /// <summary>A 409 at once, with <c>Retry-After</c> (draft-ietf-httpapi-idempotency-key-header-07, section 2.7).</summary>
    Reject,

    /// <summary>The first request's answer, as soon as it is there, within <see cref="IdempotencyOptions.WaitTimeout"/>.</summary>
    Wait,
}

/// <summary>What becomes of a key whose process died, hung, or lost its store while the action ran.</summary>
public enum InterruptedBehavior
{
    /// <summary>When the lease has run out, the next retry runs the action again.</summary>
    Retry,

    /// <summary>Retries are refused with 409 <c>outcome-unknown</c>, since the action may have had its effect.</summary>
    Refuse,
}

/// <summary>What becomes of a key whose action ran and threw, or answered 5xx.</summary>
public enum FailureBehavior
{
    /// <summary>The key is free again, and a retry runs the action again.</summary>
    Release,

    /// <summary>Retries are refused with 409 <c>outcome-unknown</c>, since the action may have had its effect.</summary>
    Refuse,
}

/// <summary>What a request gets while the store cannot be asked.</summary>
public enum StoreDownBehavior
{
    /// <summary>A 503 with <c>Retry-After</c>; the action does not run.</summary>
    Refuse,

    /// <summary>The action runs unprotected: a retry may run it again.</summary>
    Execute,
}

/// <summary>Which keys are accepted.</summary>
public enum KeyFormat
{
    /// <summary>A structured-field string (RFC 9651, section 3.3.3) or its bare form: <c>"abc"</c> and <c>abc</c> are the same key.</summary>
    Any,

    /// <summary>
    /// Only a structured-field string, as draft-ietf-httpapi-idempotency-key-header-07, section 2.1, asks for; a bare value is malformed.
    /// </summary>
    StructuredString,

    /// <summary>Any UUID of RFC 9562 in its text form, quoted or bare, compared without regard to case.</summary>
    Uuid,

    /// <summary>A UUID of version 4 (RFC 9562, section 5.4), quoted or bare, compared without regard to case.</summary>
    UuidV4,

    /// <summary>
    /// A UUID of any version in one of the forms in which programs write it: with hyphens, without them, in braces, or as a URN (RFC 9562,
    /// section 4). Compared without regard to case; different forms are different keys. asgi-idempotency-header accepts these.
    /// </summary>
    LooseUuid,
}
