namespace Idempotency.Filters;

/// <summary>
/// The settings of <c>AddIdempotency</c>. A named policy starts from all of them and then applies its own; an attribute goes last.
/// All are checked at start.
/// </summary>
public sealed class IdempotencyOptions
{
    /// <summary>
    /// The request header that carries the key. Default <c>Idempotency-Key</c>
    /// (draft-ietf-httpapi-idempotency-key-header-07, section 2.1). Not used when <see cref="KeySources"/> are given.
    /// </summary>
    public string HeaderName { get; set; } = "Idempotency-Key";

    /// <summary>
    /// Where the key may be sent, asked in order: the first that has a value wins, and the rest is not looked at. Empty = the header
    /// <see cref="HeaderName"/> alone. A form field has every form parsed, whichever source has the key; a JSON field has the body held in
    /// memory, but not when a source that is asked before it has the key. Default empty.
    /// </summary>
    public IList<KeySource> KeySources { get; set; } = [];

    /// <summary>
    /// Whether a covered request without a key is refused with 400 <c>key-missing</c>; otherwise it runs unprotected. Default true.
    /// </summary>
    public bool KeyRequired { get; set; } = true;

    /// <summary>
    /// Which keys are accepted. Default <see cref="KeyFormat.Any"/>. <see cref="KeyFormat.StructuredString"/> concerns headers only.
    /// </summary>
    public KeyFormat KeyFormat { get; set; } = KeyFormat.Any;

    /// <summary>The longest accepted key, in characters after decoding. Default 255; 1 to 8,192.</summary>
    public int MaxKeyLength { get; set; } = 255;

    /// <summary>
    /// The HTTP methods that are covered, compared without regard to case. Default POST and PATCH. GET, HEAD, OPTIONS and TRACE are
    /// refused: they are safe by definition (RFC 9110, section 9.2.1).
    /// </summary>
    public ISet<string> Methods { get; set; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "POST", "PATCH" };

    /// <summary>
    /// How long a record is kept, from its completion; null = for ever. A replay does not prolong it. Default 24 hours; more than zero.
    /// </summary>
    public TimeSpan? Retention { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long a key stays closed after the last sign of life of the process that runs its action. Renewed while the action runs.
    /// Default 30 seconds; 1 second to 1 day, not longer than <see cref="Retention"/>, and longer than the <c>OperationTimeout</c> of its
    /// store.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long an action may run: then <c>RequestAborted</c> fires and the lease is no longer renewed, so that a hung action cannot hold
    /// its key for ever. Null = no limit. Default 5 minutes; more than zero, at most 49 days.
    /// </summary>
    public TimeSpan? MaxExecutionTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The largest response body that is kept, in bytes. A larger one is delivered whole and its retries get 409 <c>not-replayable</c>.
    /// Default 1 MiB; 0 to 2,147,483,647.
    /// </summary>
    public int MaxResponseBodySize { get; set; } = 1024 * 1024;

    /// <summary>
    /// The largest request body that is read in order to compare a retry with the original, in bytes; a larger one gets 413 and the action
    /// does not run. Null = what the server itself admits. Default null; 0 or more.
    /// </summary>
    public long? MaxComparedBodySize { get; set; }

    /// <summary>
    /// The largest request body that is held in memory when it must be known before the action runs, in bytes: on a repeat in manual mode,
    /// and to read the key from a JSON body. A larger one gets 413. Default 1 MiB; 0 or more.
    /// </summary>
    public int MaxBufferedBodySize { get; set; } = 1024 * 1024;

    /// <summary>
    /// How long to go on reading a request body that the action left unread, in order to fingerprint it. After it the record is kept
    /// without a fingerprint of the body. Default 5 seconds; more than zero, at most 49 days.
    /// </summary>
    public TimeSpan RequestDrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What a request gets whose key is in flight. Default <see cref="InFlightBehavior.Reject"/>.</summary>
    public InFlightBehavior WhenInFlight { get; set; } = InFlightBehavior.Reject;

    /// <summary>
    /// How long <see cref="InFlightBehavior.Wait"/> waits before it rejects. Default 30 seconds; more than zero, at most 49 days.
    /// </summary>
    public TimeSpan WaitTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// What becomes of a key whose process vanished, or hung, while it ran the action. Default <see cref="InterruptedBehavior.Retry"/>.
    /// </summary>
    public InterruptedBehavior WhenInterrupted { get; set; } = InterruptedBehavior.Retry;

    /// <summary>What becomes of a key whose action threw or answered 5xx. Default <see cref="FailureBehavior.Release"/>.</summary>
    public FailureBehavior WhenFailed { get; set; } = FailureBehavior.Release;

    /// <summary>What a request gets while the store cannot be asked. Default <see cref="StoreDownBehavior.Reject"/>.</summary>
    public StoreDownBehavior WhenStoreIsDown { get; set; } = StoreDownBehavior.Reject;

    /// <summary>
    /// The value of <c>Retry-After</c> on 409 <c>in-flight</c> and on 503, rounded up to seconds. Default 1 second; 1 second or more.
    /// </summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The status codes whose responses are kept; null = every status below 500 except 401, 403, 408, 425 and 429. Default null.
    /// Applies to responses of an action that ran. Each from 200 to 599, one at least.
    /// </summary>
    public ISet<int>? StoreStatusCodes { get; set; }

    /// <summary>
    /// The media types whose responses are kept, such as <c>application/json</c> or <c>application/*</c>; empty = all. A response without a
    /// body is always within. Parameters are ignored, and <c>application/json</c> includes <c>application/problem+json</c>. Default empty.
    /// </summary>
    public IList<string> StoreContentTypes { get; set; } = [];

    /// <summary>
    /// Decides whether the response of an action that ran is kept, in place of <see cref="StoreStatusCodes"/> and
    /// <see cref="StoreContentTypes"/>; null = they decide. The status and the headers are set when it is asked. Default null.
    /// </summary>
    public Func<HttpContext, bool>? ShouldStore { get; set; }

    /// <summary>
    /// Names the caller to whom a key belongs, in place of the claims of the authenticated user. A null or empty name means "anonymous",
    /// which an authenticated request is refused. Default null.
    /// </summary>
    public Func<HttpContext, string?>? CallerId { get; set; }

    /// <summary>
    /// Adds to the caller, never replaces it: a tenant or a region, to which the key belongs as well. A null result adds nothing. Default
    /// null.
    /// </summary>
    public Func<HttpContext, string?>? KeyScope { get; set; }

    /// <summary>What all storage keys begin with. Default <c>idempotency:</c>.</summary>
    public string KeyPrefix { get; set; } = "idempotency:";

    /// <summary>The name of the store, given to <c>AddStore</c>; null = the default one. Default null.</summary>
    public string? StoreName { get; set; }

    /// <summary>
    /// The response header that marks a replay, with the value <c>true</c>; null = no marker. Default <c>Idempotent-Replayed</c>.
    /// </summary>
    public string? ReplayedHeaderName { get; set; } = "Idempotent-Replayed";

    /// <summary>The status of a replay; null = the original's. The record is not touched. Default null; 200 to 599.</summary>
    public int? ReplayStatusCode { get; set; }

    /// <summary>
    /// A page that describes the key rules of this API. Problem details refer to it by <c>type</c> and by a <c>Link</c> with
    /// <c>rel="describedby"</c> (draft-ietf-httpapi-idempotency-key-header-07, section 2.7). Default null.
    /// </summary>
    public Uri? DocumentationUri { get; set; }

    /// <summary>
    /// Called before a request is refused: changes the problem details, or writes a response of its own. It runs on MVC after the app's
    /// <c>CustomizeProblemDetails</c>, and on Minimal APIs before it. What it throws goes to the app's error handling. Default null.
    /// </summary>
    public Func<IdempotencyRejectedContext, ValueTask>? OnRejected { get; set; }

    /// <summary>The status codes of refusals. Defaults: 400, 409, 413, 422 and 503, as each says.</summary>
    public IdempotencyStatusCodes StatusCodes { get; } = new();
}
