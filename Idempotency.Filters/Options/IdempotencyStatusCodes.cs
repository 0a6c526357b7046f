namespace Idempotency.Filters;

/// <summary>
/// The status code of each refusal. The problem details (RFC 9457) carry it too. The codes are options because the three packages that this
/// library succeeds each chose different ones; see <see cref="IdempotencyConventions"/>.
/// </summary>
public sealed class IdempotencyStatusCodes
{
    /// <summary>
    /// The status of <c>key-missing</c>: a covered request has no key, but <see cref="IdempotencyOptions.KeyRequired"/> is set. Default 400
    /// (draft-ietf-httpapi-idempotency-key-header-07, section 2.7); 400 to 599.
    /// </summary>
    public int KeyMissing { get; set; } = StatusCodes.Status400BadRequest;

    /// <summary>
    /// The status of <c>key-malformed</c>: the key is empty, too long, repeated, or not in the <see cref="IdempotencyOptions.KeyFormat"/>.
    /// Default 400; 400 to 599.
    /// </summary>
    public int KeyMalformed { get; set; } = StatusCodes.Status400BadRequest;

    /// <summary>
    /// The status of <c>caller-anonymous</c>: nothing identifies the caller, and <see cref="AnonymousCallers.Reject"/> is set. Default 401;
    /// 400 to 599.
    /// </summary>
    public int CallerAnonymous { get; set; } = StatusCodes.Status401Unauthorized;

    /// <summary>
    /// The status of <c>key-reused</c>: the key belongs to a different request. Default 422
    /// (draft-ietf-httpapi-idempotency-key-header-07, section 2.7); 400 to 599.
    /// </summary>
    public int KeyReused { get; set; } = StatusCodes.Status422UnprocessableEntity;

    /// <summary>
    /// The status of <c>in-flight</c>: another request with the key is still running, and a wait for it, if any, timed out. Default 409
    /// (draft-ietf-httpapi-idempotency-key-header-07, section 2.7); 400 to 599.
    /// </summary>
    public int InFlight { get; set; } = StatusCodes.Status409Conflict;

    /// <summary>
    /// The status of <c>not-replayable</c>: the action ran, but its response was too large to keep, was streamed, or may have been cut
    /// short. Default 409; 400 to 599.
    /// </summary>
    public int NotReplayable { get; set; } = StatusCodes.Status409Conflict;

    /// <summary>
    /// The status of <c>outcome-unknown</c>: the key is closed by <see cref="InterruptedBehavior.Block"/> or
    /// <see cref="FailureBehavior.Block"/>. Default 409; 400 to 599.
    /// </summary>
    public int OutcomeUnknown { get; set; } = StatusCodes.Status409Conflict;

    /// <summary>
    /// The status of <c>body-too-large</c>: the request body exceeds <see cref="IdempotencyOptions.MaxComparedBodySize"/>,
    /// <see cref="IdempotencyOptions.MaxBufferedBodySize"/>, or the server's own limit while this library reads it. Default 413
    /// (RFC 9110, section 15.5.14); 400 to 599.
    /// </summary>
    public int BodyTooLarge { get; set; } = StatusCodes.Status413PayloadTooLarge;

    /// <summary>
    /// The status of <c>body-too-slow</c>: a request body that must be there before the action runs did not come within
    /// <see cref="IdempotencyOptions.BodyReadTimeout"/>. Default 408 (RFC 9110, section 15.5.9); 400 to 599.
    /// </summary>
    public int BodyTooSlow { get; set; } = StatusCodes.Status408RequestTimeout;

    /// <summary>
    /// The status of <c>store-unavailable</c> (the store cannot be reached, or has no room) and of <c>record-unreadable</c> (it has a
    /// record that cannot be read). Default 503; 400 to 599.
    /// </summary>
    public int StoreUnavailable { get; set; } = StatusCodes.Status503ServiceUnavailable;

    /// <summary>
    /// The status of <c>too-many-keys</c>: the caller holds as many keys as the <c>MaxKeysPerCaller</c> of the store allows. Default 429
    /// (RFC 6585, section 4); 400 to 599.
    /// </summary>
    public int TooManyKeys { get; set; } = StatusCodes.Status429TooManyRequests;

    /// <summary>
    /// The status of <c>transaction-conflict</c>: under <see cref="IdempotencyOptions.Transactional"/>, the database rolled back because of
    /// a deadlock or a serialization failure. Default 503; 400 to 599.
    /// </summary>
    public int TransactionConflict { get; set; } = StatusCodes.Status503ServiceUnavailable;

    /// <summary>
    /// The status of <c>rolled-back</c>: under <see cref="IdempotencyOptions.Transactional"/>, the answer cannot be held until the
    /// transaction is committed, or the transaction can never be committed. Default 500; 400 to 599.
    /// </summary>
    public int RolledBack { get; set; } = StatusCodes.Status500InternalServerError;
}
