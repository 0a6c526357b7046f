using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Internal;

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

    /// <summary>Why a held response cannot be sent as it is; null when it can. The server would refuse it too, but after it was recorded.</summary>
    public static InvalidOperationException? Defect(HttpResponse response, long written)
    {
        if (response.StatusCode is < 100 or > 999)
            return new InvalidOperationException($"The action set the status {response.StatusCode}, which is none.");
        if (!AllowedWith(response.StatusCode))
        {
            if (written > 0)
            {
                return new InvalidOperationException(
                    $"The action wrote {written} bytes of body to a response with status {response.StatusCode}, which has none.");
            }

            // A 304 may tell the length that the body would have had (RFC 9110, section 8.6).
            return response.StatusCode != StatusCodes.Status304NotModified && response.ContentLength > 0
                ? new InvalidOperationException(
                    $"The action declared a Content-Length of {response.ContentLength} on a response with status {response.StatusCode}, which has no body.")
                : null;
        }

        return response.ContentLength is { } declared && declared != written
            ? new InvalidOperationException($"The action declared a Content-Length of {declared} and wrote {written} bytes.")
            : null;
    }
}
