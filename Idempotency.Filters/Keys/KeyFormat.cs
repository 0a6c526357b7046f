namespace Idempotency.Filters;

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
