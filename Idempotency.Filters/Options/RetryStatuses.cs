namespace Idempotency.Filters.Options;

/// <summary>
/// The statuses below 500 that tell the client to send the same operation again, with something else or later. Kept, they would answer the
/// client that does as told with the same refusal.
/// </summary>
internal static class RetryStatuses
{
    public static bool Contains(int status) => status is
        StatusCodes.Status401Unauthorized
        or StatusCodes.Status403Forbidden
        or StatusCodes.Status407ProxyAuthenticationRequired
        or StatusCodes.Status408RequestTimeout
        or StatusCodes.Status412PreconditionFailed
        or StatusCodes.Status417ExpectationFailed
        or StatusCodes.Status421MisdirectedRequest
        or StatusCodes.Status423Locked
        or 425
        or StatusCodes.Status426UpgradeRequired
        or StatusCodes.Status428PreconditionRequired
        or StatusCodes.Status429TooManyRequests
        or StatusCodes.Status431RequestHeaderFieldsTooLarge;
}
