using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Responses;

/// <summary>What HTTP and the server's own checks say about response bodies.</summary>
internal static class ResponseBodies
{
    /// <summary>RFC 9110, sections 15.2, 15.3.5, 15.3.6 and 15.4.5.</summary>
    public static bool AllowedWith(int status) =>
        status is >= 200 and not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified);

    /// <summary>
    /// Whether the action frames the body itself, by <c>Transfer-Encoding</c>, or sends trailers: neither is part of what can be sent again.
    /// </summary>
    public static bool HasOwnFraming(HttpContext http) =>
        http.Response.Headers.TransferEncoding.Count > 0
        || http.Response.Headers.Trailer.Count > 0
        || http.Features.Get<IHttpResponseTrailersFeature>() is { Trailers.Count: > 0 };

    /// <summary>Why a response cannot be sent as it is; null when it can. The server would refuse it too, but after it was recorded.</summary>
    public static string? Defect(int status, long? declared, long written)
    {
        if (status is < 100 or > 999)
            return $"The response has the status {status}, which is none.";
        if (AllowedWith(status))
        {
            return declared is not null && declared != written
                ? $"The response declares a Content-Length of {declared}, and has {written} bytes of body."
                : null;
        }

        if (written > 0)
            return $"The response has {written} bytes of body, and the status {status}, which allows none.";

        // A 304 may tell the length that the body would have had (RFC 9110, section 8.6).
        return status != StatusCodes.Status304NotModified && declared > 0
            ? $"The response declares a Content-Length of {declared}, and has the status {status}, which allows no body."
            : null;
    }
}
