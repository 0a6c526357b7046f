using Idempotency.Filters.Keys;
using Idempotency.Filters.Records;

namespace Idempotency.Filters.Engine;

/// <summary>The table of all reasons for which a request is answered without its action.</summary>
/// <remarks>No text says anything of the stored request or response.</remarks>
/// <param name="Code">The stable <c>code</c> of the problem details, and the outcome in metrics and traces.</param>
/// <param name="Status">Its status code, which the application may change.</param>
/// <param name="Title">The same for each occurrence (RFC 9457, section 3.1.3). <c>{key}</c> stands for the name of the key.</param>
/// <param name="Detail">
/// <c>{places}</c> stands for the places where the key may be sent, <c>{problem}</c> for what is wrong with it.
/// </param>
/// <param name="RetryLater">Whether the same request may succeed later, and is told when by <c>Retry-After</c>.</param>
internal sealed record RejectionKind(
    string Code, Func<IdempotencyStatusCodes, int> Status, string Title, string Detail, bool RetryLater = false)
{
    public static readonly RejectionKind KeyMissing = new(
        "key-missing", codes => codes.KeyMissing, "{key} is missing",
        "This operation needs {places}: send a value that is unique to the operation, such as a UUID, and the same value with each retry.");

    public static readonly RejectionKind KeyMalformed = new(
        "key-malformed", codes => codes.KeyMalformed, "{key} is malformed", "{problem}");

    public static readonly RejectionKind CallerAnonymous = new(
        "caller-anonymous", codes => codes.CallerAnonymous, "The caller is not known",
        "An idempotency key belongs to a caller, and nothing says who sent this request. Send it again with credentials.");

    public static readonly RejectionKind KeyReused = new(
        "key-reused", codes => codes.KeyReused, "{key} is already used",
        "This key was used for another request. Repeat that request unchanged to get its answer, or use a new key for this one.");

    public static readonly RejectionKind InFlight = new(
        "in-flight", codes => codes.InFlight, "A request is outstanding for this key",
        "The first request with this key is still being processed. Retry later to get its answer.", RetryLater: true);

    public static readonly RejectionKind NotReplayable = new(
        "not-replayable", codes => codes.NotReplayable, "The answer was not kept",
        "The request with this key was carried out, but its answer was not kept whole and cannot be sent again. "
        + "The operation will not run twice.");

    public static readonly RejectionKind OutcomeUnknown = new(
        "outcome-unknown", codes => codes.OutcomeUnknown, "The outcome of the first request is unknown",
        "The first request with this key failed or was interrupted after it may have taken effect. "
        + "It will not run again until its outcome has been resolved.");

    public static readonly RejectionKind BodyTooLarge = new(
        "body-too-large", codes => codes.BodyTooLarge, "The request body is too large",
        "The body is larger than what is read to compare a retry with the original. Nothing was run.");

    public static readonly RejectionKind BodyTooLargeForKey = BodyTooLarge with
    {
        Detail = "The body is larger than what is read to find its idempotency key. Nothing was run.",
    };

    public static readonly RejectionKind BodyTooSlow = new(
        "body-too-slow", codes => codes.BodyTooSlow, "The request body did not come in time",
        "The body must be there before the operation runs, and it took too long. Nothing was run. Send the request again.");

    public static readonly RejectionKind StoreUnavailable = new(
        "store-unavailable", codes => codes.StoreUnavailable, "Idempotency keys cannot be checked now",
        "The operation was not run, because it could not be made safe to retry. Retry later with the same key.", RetryLater: true);

    public static readonly RejectionKind TooManyKeys = new(
        "too-many-keys", codes => codes.TooManyKeys, "Too many idempotency keys",
        "This caller has used as many keys as it may at a time. The operation was not run. Retry later with the same key.",
        RetryLater: true);

    public static readonly RejectionKind CommitFailed = StoreUnavailable with
    {
        Detail = "The operation could not be committed, or nobody knows whether it was. It will not be carried out twice: retry later with "
            + "the same key to get its answer.",
    };

    public static readonly RejectionKind TransactionConflict = new(
        "transaction-conflict", codes => codes.TransactionConflict, "The operation met another one",
        "The operation was rolled back, because it met another one that runs at the same time. Retry later with the same key.",
        RetryLater: true);

    public static readonly RejectionKind RolledBack = new(
        "rolled-back", codes => codes.RolledBack, "The operation was rolled back", "Nothing of the operation stands: {problem}");

    public static readonly RejectionKind RecordUnreadable = new(
        "record-unreadable", codes => codes.StoreUnavailable, "The stored answer cannot be read",
        "There is an answer for this key, but this server cannot read it. The operation will not run twice. Retry later with the same key.",
        RetryLater: true);

    /// <summary>Why a key that is not valid is refused.</summary>
    public static RejectionKind Of(KeyStatus status) => status switch
    {
        KeyStatus.Missing => KeyMissing,
        KeyStatus.OutOfReach => BodyTooLargeForKey,
        KeyStatus.Late => BodyTooSlow,
        _ => KeyMalformed,
    };

    /// <summary>Why a record cannot be sent again; null when it can.</summary>
    public static RejectionKind? Of(RecordFlags flags)
    {
        if (flags.HasFlag(RecordFlags.OutcomeUnknown))
            return OutcomeUnknown;
        return flags.HasFlag(RecordFlags.NotReplayable) ? NotReplayable : null;
    }
}
