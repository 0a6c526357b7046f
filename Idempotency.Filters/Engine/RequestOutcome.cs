namespace Idempotency.Filters.Engine;

/// <summary>
/// What metrics and traces say became of a request. One that was rejected has the code of its <see cref="RejectionKind"/>.
/// </summary>
internal static class RequestOutcome
{
    /// <summary>The action ran, and its response is kept, whole or not.</summary>
    public const string Executed = "executed";

    /// <summary>The action ran, or was not reached; the response is not kept, and the key is free.</summary>
    public const string Released = "released";

    /// <summary>Manual mode: the action answered a repeat, and the earlier record stands.</summary>
    public const string Repeated = "repeated";

    /// <summary>The action threw, or answered 5xx.</summary>
    public const string Failed = "failed";

    /// <summary>The first answer was sent again.</summary>
    public const string Replayed = "replayed";

    /// <summary>There was no key, and none is required.</summary>
    public const string NoKey = "no-key";

    /// <summary>
    /// The action ran without protection: the store could not be reached, by choice (<see cref="StoreDownBehavior.Execute"/>), or something
    /// sent the request on to the endpoint after another covered endpoint.
    /// </summary>
    public const string Unprotected = "unprotected";
}
