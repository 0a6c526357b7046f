namespace Idempotency.Filters;

/// <summary>
/// Which keys are accepted. None accepts what clients send without a key of their own: the nil UUID (RFC 9562, section 5.9), the words
/// <c>undefined</c>, <c>null</c>, <c>nil</c>, <c>NaN</c> and <c>None</c> in any case, <c>[object Object]</c>, or a template that was not
/// filled in, such as <c>{{key}}</c> or <c>${key}</c>.
/// </summary>
public enum KeyFormat
{
    /// <summary>
    /// A structured-field string (RFC 9651, section 3.3.3) or its bare form: <c>"abc"</c> and <c>abc</c> are the same key.
    /// </summary>
    Any,

    /// <summary>
    /// Only a structured-field string, as draft-ietf-httpapi-idempotency-key-header-07, section 2.1, requires. A bare header value is
    /// malformed. Keys in other places than headers have no quotes.
    /// </summary>
    StructuredString,

    /// <summary>
    /// Any UUID but nil in its text form with hyphens (RFC 9562, section 4), quoted or bare. Compared without regard to case.
    /// </summary>
    Uuid,

    /// <summary>A UUID of version 4 (RFC 9562, section 5.4), quoted or bare. Compared without regard to case.</summary>
    UuidV4,

    /// <summary>
    /// A UUID of any version but nil in any form that asgi-idempotency-header accepts: with hyphens, without hyphens, in braces, or as a
    /// URN (RFC 9562, section 4). Compared without regard to case; two forms of one UUID are different keys.
    /// </summary>
    LooseUuid,
}
