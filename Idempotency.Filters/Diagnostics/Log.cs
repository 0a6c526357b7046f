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

    [LoggerMessage(
        5, LogLevel.Information,
        "Idempotency key {KeyHash}: {Endpoint} rejected the request with {Code} under policy {Policy}.{LeftOut}")]
    public static partial void Rejected(
        ILogger logger, string endpoint, string code, string policy, KeyHash keyHash, LeftOutLines leftOut);

    [LoggerMessage(6, LogLevel.Error, "Idempotency key {KeyHash}: the store is unavailable.{LeftOut}")]
    public static partial void StoreUnavailable(ILogger logger, Exception exception, KeyHash keyHash, LeftOutLines leftOut);

    [LoggerMessage(7, LogLevel.Error, "Idempotency key {KeyHash}: the stored record cannot be read. {Problem} The action does not run.")]
    public static partial void RecordUnreadable(ILogger logger, Exception? exception, KeyHash keyHash, string problem);

    [LoggerMessage(
        8, LogLevel.Warning,
        "Idempotency key {KeyHash}: attempt {Attempt} to store the record failed. It will be tried again.{LeftOut}")]
    public static partial void CompletionFailed(
        ILogger logger, Exception exception, KeyHash keyHash, int attempt, LeftOutLines leftOut);

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
        + "ends.{LeftOut}")]
    public static partial void ReleaseFailed(ILogger logger, Exception exception, KeyHash keyHash, LeftOutLines leftOut);

    [LoggerMessage(
        13, LogLevel.Warning, "Idempotency key {KeyHash}: the response was not kept whole ({Reason}). Retries get not-replayable.")]
    public static partial void NotReplayable(ILogger logger, KeyHash keyHash, string reason);

    [LoggerMessage(
        14, LogLevel.Warning,
        "Idempotency key {KeyHash}: the action runs unprotected, because the store is unavailable and WhenStoreIsDown is Execute."
        + "{LeftOut}")]
    public static partial void ExecutesUnprotected(ILogger logger, KeyHash keyHash, LeftOutLines leftOut);

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

    [LoggerMessage(
        23, LogLevel.Warning,
        "An idempotency key belongs to a caller that only a name identifies, because its user has none of the claims sub, NameIdentifier, "
        + "oid and PrimarySid. Users who share a display name share their keys and their answers. Set IdempotencyOptions.CallerId to "
        + "something unique, or to the name if it is unique. This is logged once.")]
    public static partial void NamedOnly(ILogger logger);

    [LoggerMessage(
        24, LogLevel.Warning,
        "No authorization reaches these covered endpoints: {Endpoints}. Callers without a user share one scope there: one that sends "
        + "another one's key and body gets the other one's answer. If such callers are told apart in another way, such as an API key that "
        + "a filter, a middleware or the endpoint checks, set IdempotencyOptions.CallerId. Otherwise require authorization, or set "
        + "IdempotencyOptions.AnonymousCallers to Reject, or to Allow if every caller may see the answers.")]
    public static partial void AnonymousCallersShare(ILogger logger, string endpoints);

    [LoggerMessage(
        25, LogLevel.Information, "Storage keys of idempotency begin with '{KeyPrefix}', which comes from the name of the application.")]
    public static partial void DefaultKeyPrefix(ILogger logger, string keyPrefix);

    [LoggerMessage(
        26, LogLevel.Warning,
        "IdempotencyOptions.KeyPrefix is not set, so storage keys begin with '{KeyPrefix}', which comes from the name of the application. "
        + "When the application is renamed, every open key is new, and its action runs again. Set KeyPrefix to this value, and never "
        + "change it.")]
    public static partial void KeyPrefixNotSet(ILogger logger, string keyPrefix);

    [LoggerMessage(
        27, LogLevel.Warning,
        "Idempotency key {KeyHash}: the transaction was rolled back, and the request is refused ({Code}). {Problem}")]
    public static partial void RolledBack(ILogger logger, Exception? exception, KeyHash keyHash, string code, string problem);

    [LoggerMessage(
        28, LogLevel.Warning,
        "Idempotency keys are kept in the memory of this process, and the environment is Production. A restart forgets them, and other "
        + "instances do not know them: retries then run again. Keep them outside, by UseRedis, UseEntityFramework or UseDistributedCache.")]
    public static partial void MemoryInProduction(ILogger logger);

    [LoggerMessage(
        33, LogLevel.Warning,
        "{Endpoint} runs without the protection of idempotency policy {Policy}, because the request was sent on to it after another "
        + "covered endpoint. Exempt it with [IdempotencyExempt] if it is an error page.")]
    public static partial void EndpointIsUnprotected(ILogger logger, string? endpoint, string policy);

    [LoggerMessage(
        34, LogLevel.Warning,
        "{Endpoint}: a request body cannot be compared under idempotency policy {Policy}, because something read it before the idempotency "
        + "filter, or because it was sent in chunks and was empty. A retry with another body gets the first answer. Read the body after "
        + "the filter, or call EnableBuffering() before you read it. This is logged once for an endpoint.")]
    public static partial void BodyIsUnknown(ILogger logger, string? endpoint, string policy);

    [LoggerMessage(
        35, LogLevel.Error,
        "{Endpoint} was added after the start, and its idempotency marker cannot work: {Problem}")]
    public static partial void LateEndpointFails(ILogger logger, string endpoint, string problem);
}
