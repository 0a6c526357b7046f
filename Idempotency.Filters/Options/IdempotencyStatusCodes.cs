namespace Idempotency.Filters;

/// <summary>
/// The status code of each refusal, which the problem details carry too. The three packages that this library succeeds each chose others.
/// </summary>
public sealed class IdempotencyStatusCodes
{
    /// <summary>
    /// The status of <c>key-missing</c>. Default 400 (draft-ietf-httpapi-idempotency-key-header-07, section 2.7); 400 to 599.
    /// </summary>
    public int KeyMissing { get; set; } = StatusCodes.Status400BadRequest;

    /// <summary>The status of <c>key-malformed</c>. Default 400; 400 to 599.</summary>
    public int KeyMalformed { get; set; } = StatusCodes.Status400BadRequest;

    /// <summary>
    /// The status of <c>key-reused</c>. Default 422 (draft-ietf-httpapi-idempotency-key-header-07, section 2.7); 400 to 599.
    /// </summary>
    public int KeyReused { get; set; } = StatusCodes.Status422UnprocessableEntity;

    /// <summary>
    /// The status of <c>in-flight</c>, also after a wait that timed out. Default 409 (draft-ietf-httpapi-idempotency-key-header-07,
    /// section 2.7); 400 to 599.
    /// </summary>
    public int InFlight { get; set; } = StatusCodes.Status409Conflict;

    /// <summary>The status of <c>not-replayable</c>. Default 409; 400 to 599.</summary>
    public int NotReplayable { get; set; } = StatusCodes.Status409Conflict;

    /// <summary>The status of <c>outcome-unknown</c>. Default 409; 400 to 599.</summary>
    public int OutcomeUnknown { get; set; } = StatusCodes.Status409Conflict;

    /// <summary>The status of <c>body-too-large</c>. Default 413 (RFC 9110, section 15.5.14); 400 to 599.</summary>
    public int BodyTooLarge { get; set; } = StatusCodes.Status413PayloadTooLarge;

    /// <summary>The status of <c>store-unavailable</c> and of <c>record-unreadable</c>. Default 503; 400 to 599.</summary>
    public int StoreUnavailable { get; set; } = StatusCodes.Status503ServiceUnavailable;
}
