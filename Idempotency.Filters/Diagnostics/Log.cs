using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Diagnostics;

/// <summary>
/// Everything the core logs. Event ids are stable: 1 to 39 here, and stores start at 40. A key appears only as a short hash, and a body
/// never.
/// </summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "Idempotency key {KeyHash}: the action runs under policy {Policy}.")]
    public static partial void Executes(ILogger logger, KeyHash keyHash, string policy);

    [LoggerMessage(2, LogLevel.Debug, "Idempotency key {KeyHash}: the response was kept ({Status}, {BodySize} bytes).")]
    public static partial void Kept(ILogger logger, KeyHash keyHash, int status, long bodySize);

    [LoggerMessage(3, LogLevel.Debug, "Idempotency key {KeyHash}: the response was not kept ({Status}). The key is free.")]
    public static partial void Released(ILogger logger, KeyHash keyHash, int status);

    [LoggerMessage(4, LogLevel.Information, "Idempotency key {KeyHash}: the first response was sent again ({Status}).")]
    public static partial void Replayed(ILogger logger, KeyHash keyHash, int status);

    [LoggerMessage(5, LogLevel.Information, "Request rejected with {Code} under idempotency policy {Policy}.")]
    public static partial void Rejected(ILogger logger, string code, string policy);

    [LoggerMessage(6, LogLevel.Error, "Idempotency key {KeyHash}: the store is unavailable.")]
    public static partial void StoreUnavailable(ILogger logger, Exception exception, KeyHash keyHash);

    [LoggerMessage(7, LogLevel.Error, "Idempotency key {KeyHash}: the stored record cannot be read. {Problem} The action does not run.")]
    public static partial void RecordUnreadable(ILogger logger, Exception? exception, KeyHash keyHash, string problem);

    [LoggerMessage(
        8, LogLevel.Warning, "Idempotency key {KeyHash}: attempt {Attempt} to store the record failed. It will be tried again.")]
    public static partial void CompletionFailed(ILogger logger, Exception exception, KeyHash keyHash, int attempt);

    [LoggerMessage(
        9, LogLevel.Error,
        "Idempotency key {KeyHash}: the record could not be stored. The key stays closed until its lease ends; then WhenInterrupted "
        + "decides.")]
    public static partial void CompletionGivenUp(ILogger logger, Exception? exception, KeyHash keyHash);

    [LoggerMessage(
        10, LogLevel.Error,
        "Idempotency key {KeyHash}: the lease was lost, and the key has another owner or was resolved by an operator. This response is not "
        + "kept; the action may have run twice.")]
    public static partial void LeaseLost(ILogger logger, KeyHash keyHash);

    [LoggerMessage(
        11, LogLevel.Warning, "Idempotency key {KeyHash}: the store had lost the claim, but the record is stored now.")]
    public static partial void Restored(ILogger logger, KeyHash keyHash);

    [LoggerMessage(
        12, LogLevel.Warning,
        "Idempotency key {KeyHash}: the claim could not be ended in the store. If it is still there, the key stays closed until its lease "
        + "ends.")]
    public static partial void ReleaseFailed(ILogger logger, Exception exception, KeyHash keyHash);

    [LoggerMessage(
        13, LogLevel.Warning, "Idempotency key {KeyHash}: the response was not kept whole ({Reason}). Retries get not-replayable.")]
    public static partial void NotReplayable(ILogger logger, KeyHash keyHash, string reason);

    [LoggerMessage(
        14, LogLevel.Warning,
        "Idempotency key {KeyHash}: the action runs unprotected, because the store is unavailable and WhenStoreIsDown is Execute.")]
    public static partial void ExecutesUnprotected(ILogger logger, KeyHash keyHash);

    [LoggerMessage(
        15, LogLevel.Warning,
        "Idempotency key {KeyHash}: the action failed after it may have taken effect. The key is blocked until an operator resolves it or "
        + "Retention ends.")]
    public static partial void Blocked(ILogger logger, KeyHash keyHash);

    [LoggerMessage(16, LogLevel.Debug, "Idempotency key {KeyHash}: another execution committed first, and its record is kept.")]
    public static partial void Superseded(ILogger logger, KeyHash keyHash);

    [LoggerMessage(17, LogLevel.Debug, "{Endpoint} is covered by idempotency policy {Policy} ({Mode}).")]
    public static partial void Covered(ILogger logger, string endpoint, string policy, string mode);

    [LoggerMessage(
        18, LogLevel.Debug, "Idempotency key {KeyHash}: the action answered a repeat ({Status}), and the stored record is unchanged.")]
    public static partial void Repeated(ILogger logger, KeyHash keyHash, int status);

    [LoggerMessage(
        19, LogLevel.Warning,
        "AddIdempotency() was called, but it covers no endpoint: nothing is protected. Put [Idempotent] on a controller or an action, "
        + "cover all actions with options.Filters.Add<IdempotencyFilter>(), or call RequireIdempotency() on an endpoint or a group.")]
    public static partial void NothingIsCovered(ILogger logger);

    [LoggerMessage(
        20, LogLevel.Warning,
        "{Endpoint} has endpoint filters behind RequireIdempotency(), and what they answer cannot be told from the handler's own answer. "
        + "A 400 or 422 is therefore not kept, unless the handler calls Keep() or ShouldStore says so. Any other answer of such a filter, "
        + "such as a 404 or 409, is kept like the handler's. Call RequireIdempotency() last, on the endpoint.")]
    public static partial void FiltersBehind(ILogger logger, string endpoint);

    [LoggerMessage(
        21, LogLevel.Information,
        "{Endpoint} takes no endpoint filters, or its handler writes the response by itself, so a failed validation cannot be told from an "
        + "answer. A 400 or 422 is therefore not kept, unless the handler calls Keep() or ShouldStore says so.")]
    public static partial void HandlerIsHidden(ILogger logger, string endpoint);
}
