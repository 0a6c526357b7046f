namespace Idempotency.Filters;

/// <summary>
/// The settings of <c>AddIdempotency</c>. A named policy starts from them and applies its own; an attribute comes last. They are checked at
/// start: a setting that cannot work fails it with an <c>OptionsValidationException</c>.
/// </summary>
public sealed class IdempotencyOptions
{
    /// <summary>
    /// The request header that carries the key. Default <c>Idempotency-Key</c>
    /// (draft-ietf-httpapi-idempotency-key-header-07, section 2.1). Not used when <see cref="KeySources"/> is set.
    /// </summary>
    public string HeaderName { get; set; } = "Idempotency-Key";

    /// <summary>
    /// Where the key may be sent, tried in order. The first source that has a value wins; later ones are not read. Empty = only the header
    /// <see cref="HeaderName"/>. A form field makes every form be parsed, whichever source has the key. A JSON field makes the body be held
    /// in memory, unless an earlier source has the key. Default empty.
    /// </summary>
    public IList<KeySource> KeySources { get; set; } = [];

    /// <summary>
    /// True: a covered request without a key gets 400 <c>key-missing</c> (draft-ietf-httpapi-idempotency-key-header-07, section 2.7).
    /// False: it runs unprotected. Default true.
    /// </summary>
    public bool KeyRequired { get; set; } = true;

    /// <summary>
    /// Which keys are accepted; others get 400 <c>key-malformed</c>. <see cref="KeyFormat.StructuredString"/> concerns headers only.
    /// Default <see cref="KeyFormat.Any"/>.
    /// </summary>
    public KeyFormat KeyFormat { get; set; } = KeyFormat.Any;

    /// <summary>
    /// The longest accepted key, in characters after decoding. Default 255; 1 to 8,192, and at least 36 if the format is a UUID.
    /// </summary>
    public int MaxKeyLength { get; set; } = 255;

    /// <summary>
    /// The covered HTTP methods, compared without regard to case. Requests with other methods run as if the library were not there. GET,
    /// HEAD, OPTIONS and TRACE are not allowed: they are safe by definition (RFC 9110, section 9.2.1). Default POST and PATCH; at least
    /// one.
    /// </summary>
    public ISet<string> Methods { get; set; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "POST", "PATCH" };

    /// <summary>
    /// How long a record is kept after the action completed; null = for ever. A replay does not extend it. Default 24 hours; more than
    /// zero.
    /// </summary>
    public TimeSpan? Retention { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long a key stays closed after the process that runs its action dies, hangs or loses the store. The process renews the lease
    /// while the action runs. Default 30 seconds; 1 second to 1 day, at most <see cref="Retention"/>, and longer than the
    /// <c>OperationTimeout</c> of the store.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long an action may run. After that, <c>RequestAborted</c> fires and the lease is no longer renewed, so a hung action cannot hold
    /// its key for ever. Null = no limit. Default 5 minutes; more than zero, at most 49 days.
    /// </summary>
    public TimeSpan? MaxExecutionTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The largest response body that is kept, in bytes. The client gets a larger body whole, but its retries get 409
    /// <c>not-replayable</c>. Default 1 MiB (1,048,576); 0 to 2,147,483,647.
    /// </summary>
    public int MaxResponseBodySize { get; set; } = 1024 * 1024;

    /// <summary>
    /// The largest request body that is read to compare a retry with the original, in bytes. A retry with a larger body gets 413
    /// <c>body-too-large</c>, and the action does not run. Null = only the server's own limit. Default null; 0 or more.
    /// </summary>
    public long? MaxComparedBodySize { get; set; }

    /// <summary>
    /// The largest request body that is held in memory, in bytes. A body is held when it must be known before the action runs: on a repeat
    /// in manual mode, and to read the key from JSON. A larger one gets 413 <c>body-too-large</c>. Default 1 MiB (1,048,576); 0 or more.
    /// </summary>
    public int MaxBufferedBodySize { get; set; } = 1024 * 1024;

    /// <summary>
    /// How long a client may take to send a request body that must be there before the action runs: to read the key from JSON or from a
    /// form, under <see cref="Transactional"/>, and on a repeat in manual mode. A slower one gets 408 <c>body-too-slow</c>, and the action
    /// does not run. With <see cref="MaxBufferedBodySize"/> it bounds what a connection that stalls can hold. Null = only the server's own
    /// limit, such as <c>MinRequestBodyDataRate</c> of Kestrel. Default 30 seconds; more than zero, at most 49 days.
    /// </summary>
    public TimeSpan? BodyReadTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long to read, for the fingerprint, a request body that the action left unread. If that takes longer, the record is kept without
    /// a fingerprint of the body. Default 5 seconds; more than zero, at most 49 days.
    /// </summary>
    public TimeSpan RequestDrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What a request gets while another request with its key is running. Default <see cref="InFlightBehavior.Reject"/>.</summary>
    public InFlightBehavior WhenInFlight { get; set; } = InFlightBehavior.Reject;

    /// <summary>
    /// How long <see cref="InFlightBehavior.Wait"/> waits before it answers 409 <c>in-flight</c>. Default 30 seconds; more than zero, at
    /// most 49 days.
    /// </summary>
    public TimeSpan WaitTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// What happens to a key whose process died, hung, or lost the store while it ran the action. Default
    /// <see cref="InterruptedBehavior.Retry"/>.
    /// </summary>
    public InterruptedBehavior WhenInterrupted { get; set; } = InterruptedBehavior.Retry;

    /// <summary>What happens to a key whose action threw or answered 5xx. Default <see cref="FailureBehavior.Release"/>.</summary>
    public FailureBehavior WhenFailed { get; set; } = FailureBehavior.Release;

    /// <summary>
    /// Whether the record is committed together with what the action writes to the database, in one transaction: for one key, that
    /// transaction commits at most once while the record is kept. Needs a store that can, such as
    /// <c>UseEntityFramework&lt;TContext&gt;()</c>. The action runs once, inside the transaction of the request's <c>TContext</c>. It is
    /// committed if the answer is kept, and rolled back otherwise; the answer leaves after that. The request body is read first, up to
    /// <see cref="MaxBufferedBodySize"/>. An answer that is larger than <see cref="MaxResponseBodySize"/>, or streamed, is refused with 500
    /// <c>rolled-back</c>. Default false.
    /// </summary>
    public bool Transactional { get; set; }

    /// <summary>What a request gets while the store cannot be reached. Default <see cref="StoreDownBehavior.Reject"/>.</summary>
    public StoreDownBehavior WhenStoreIsDown { get; set; } = StoreDownBehavior.Reject;

    /// <summary>
    /// How many bytes of records the process holds whose store, or whose protector, fails after the action, each with 2 KiB for what
    /// belongs to it. A record beyond it is held without its response, unless it is small: its retries get 409 <c>not-replayable</c>.
    /// Beyond twice as many, requests with new keys get 503 <c>store-unavailable</c>. Set it in <c>AddIdempotency</c> alone: an
    /// application whose policies have another limit does not start. Default 64 MiB (67,108,864); at least 64 KiB.
    /// </summary>
    public long MaxPendingBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// The value of <c>Retry-After</c> on 409 <c>in-flight</c>, on 429 <c>too-many-keys</c> and on 503, rounded up to whole seconds (RFC
    /// 9110, section 10.2.3). Default 1 second; 1 second or more.
    /// </summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The status codes whose responses are kept, whatever their headers; null = every status below 500, except answers that tell the
    /// client to send the same operation again, with something else or later. Default null; each from 200 to 599, at least one.
    /// </summary>
    /// <remarks>
    /// <para>
    /// With null these are not kept: 401, 403, 407, 408, 412, 417, 421, 423, 425, 426, 428, 429 and 431; a 402 that says how to pay (x402,
    /// pay per crawl); any 4xx with <c>Retry-After</c>, <c>WWW-Authenticate</c>, <c>Proxy-Authenticate</c> or <c>DPoP-Nonce</c>; and the
    /// results of <c>Challenge</c> and <c>Forbid</c>, whatever status the authentication scheme makes of them.
    /// </para>
    /// <para>
    /// Concerns only actions that ran. Where that cannot be seen (endpoint filters behind <c>RequireIdempotency()</c>, handlers that are a
    /// <c>RequestDelegate</c>, frameworks without endpoint filters), a 400 or 422 is not kept even if it is listed here: it may be a failed
    /// validation.
    /// </para>
    /// </remarks>
    public ISet<int>? StoreStatusCodes { get; set; }

    /// <summary>
    /// The media types whose responses are kept, such as <c>application/json</c> or <c>application/*</c>; empty = all. A response without a
    /// <c>Content-Type</c> is always kept. Parameters are ignored; <c>application/json</c> includes <c>application/problem+json</c>.
    /// Default empty.
    /// </summary>
    public IList<string> StoreContentTypes { get; set; } = [];

    /// <summary>
    /// Decides whether the response of an action that ran is kept, in place of <see cref="StoreStatusCodes"/>,
    /// <see cref="StoreContentTypes"/> and their rules; null = they decide. Called when the action has returned, or before the first byte
    /// leaves when the response is streamed or too large. If it throws, the action has failed. Default null.
    /// </summary>
    public Func<IdempotencyResponseContext, bool>? ShouldStore { get; set; }

    /// <summary>
    /// Names the caller that a key belongs to, in place of the authenticated user's claims. A null or empty name means "anonymous"; for an
    /// authenticated request that is an <see cref="InvalidOperationException"/>. Called before endpoint filters and action filters, so it
    /// does not see what they set. Null = the claims decide: the first of <c>sub</c>, <c>NameIdentifier</c>, <c>oid</c> and
    /// <c>PrimarySid</c>, else the name, joined with the client (<c>client_id</c>, <c>azp</c> or <c>appid</c>); else issuer and subject of
    /// the client certificate; else the client alone. Each counts with its issuer and authentication type. Default null.
    /// </summary>
    public Func<HttpContext, string?>? CallerId { get; set; }

    /// <summary>
    /// Adds to the caller a further owner of the key, such as a tenant or a region. It never replaces the caller. A null result adds
    /// nothing. Default null.
    /// </summary>
    public Func<HttpContext, string?>? KeyScope { get; set; }

    /// <summary>
    /// What becomes of callers that nothing identifies. Default <see cref="AnonymousCallers.Warn"/>.
    /// </summary>
    public AnonymousCallers AnonymousCallers { get; set; } = AnonymousCallers.Warn;

    /// <summary>
    /// The text that all storage keys begin with; may be empty. Null = <c>idempotency:{ApplicationName}:</c>, with the name of
    /// <c>IHostEnvironment</c> as in a URL: characters other than letters, digits, <c>-</c>, <c>.</c>, <c>_</c> and <c>~</c> are
    /// percent-encoded. Set it before the first request in production, and never change it: under another prefix every open key is new,
    /// and its action runs again. Default null.
    /// </summary>
    public string? KeyPrefix { get; set; }

    /// <summary>
    /// The secret of the application. With it, the hashes that a store holds in place of keys, callers and requests are HMAC-SHA-256
    /// (RFC 2104). Without it they are plain SHA-256, and anybody who reads the store finds a short or guessable value (a user number, a
    /// card's check number) by trying all of them. At least 32 random bytes, the same for all instances; in configuration as base64. Set it
    /// in <c>AddIdempotency</c> alone: an application whose policies have another secret does not start. A changed secret makes every open
    /// key new. Default null.
    /// </summary>
    public byte[]? HashSecret { get; set; }

    /// <summary>
    /// The names of further request headers that belong to the request, such as <c>api-version</c>: a retry with another value gets 422
    /// <c>key-reused</c>. Name the headers that choose what the action does, and that a retry repeats unchanged. <c>Content-Type</c> counts
    /// always, with its parameters less charset and boundary. Default empty.
    /// </summary>
    public IList<string> FingerprintHeaders { get; set; } = [];

    /// <summary>The name of a store added with <c>AddStore</c>; null = the default store. Default null.</summary>
    public string? StoreName { get; set; }

    /// <summary>
    /// The response header that marks a replay, with the value <c>true</c>; null = no marker. Default <c>Idempotent-Replayed</c>.
    /// </summary>
    public string? ReplayedHeaderName { get; set; } = "Idempotent-Replayed";

    /// <summary>The status of every replay; null = the original status. The record is unchanged. Default null; 200 to 599.</summary>
    public int? ReplayStatusCode { get; set; }

    /// <summary>
    /// A page that describes this API's rules for keys; absolute. Refusals name it, with the code as its fragment, as the <c>type</c> of
    /// their problem details (RFC 9457), and in a <c>Link</c> with <c>rel="describedby"</c> (draft-ietf-httpapi-idempotency-key-header-07,
    /// section 2.7). Null = the type is <c>urn:problem-type:idempotency:{code}</c>, and there is no <c>Link</c>. Default null.
    /// </summary>
    public Uri? DocumentationUri { get; set; }

    /// <summary>
    /// Called before a request is refused, after the app's <c>CustomizeProblemDetails</c>. It may change the problem details, or write a
    /// response of its own. If it throws, the exception goes to the app's error handling. Default null.
    /// </summary>
    public Func<IdempotencyRejectedContext, ValueTask>? OnRejected { get; set; }

    /// <summary>The status codes of refusals. Each property gives its default.</summary>
    public IdempotencyStatusCodes StatusCodes { get; } = new();
}
