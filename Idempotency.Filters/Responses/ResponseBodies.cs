using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace Idempotency.Filters.Responses;

/// <summary>The rules of HTTP and of servers about response bodies.</summary>
internal static class ResponseBodies
{
    private const string EventStream = "text/event-stream";

    /// <summary>Whether a response with this status may have a body (RFC 9110, sections 15.2, 15.3.5, 15.3.6 and 15.4.5).</summary>
    public static bool AllowedWith(int status) =>
        status is >= 200 and not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified);

    /// <summary>
    /// Whether the response body is the server's own. Servers implement both features in one object. Middleware that buffers or rewrites
    /// the body replaces only one of them.
    /// </summary>
    public static bool AreServersOwn(HttpContext http) =>
        ReferenceEquals(http.Features.Get<IHttpResponseBodyFeature>(), http.Features.Get<IHttpResponseFeature>());

    /// <summary>
    /// Whether middleware outside holds the body back, so that a write does not start the response. Such a body can be rewound, or is the
    /// framework's own buffer. Other middleware that replaces the body, for compression or logging, passes each write on.
    /// </summary>
    public static bool IsHeldOutside(HttpContext http) => http.Response.Body is { CanSeek: true } or FileBufferingWriteStream;

    /// <summary>
    /// Whether a response may get a <c>Content-Length</c> that its action did not set. Middleware outside may rewrite the body, or may have
    /// written a part of it; the length would then be wrong.
    /// </summary>
    public static bool MayDeclareLength(HttpContext http) =>
        AreServersOwn(http) && !http.Response.HasStarted && UnflushedBytes(http.Response.BodyWriter) == 0;

    /// <summary>The bytes that a body holds and has not sent, where it says so.</summary>
    public static long UnflushedBytes(PipeWriter writer) => writer.CanGetUnflushedBytes ? writer.UnflushedBytes : 0;

    /// <summary>Whether the content type declares a stream of server-sent events (HTML Standard, section 9.2).</summary>
    public static bool IsEventStream(string? contentType) =>
        contentType is not null
        && contentType.AsSpan().TrimStart() is var type
        && type.StartsWith(EventStream, StringComparison.OrdinalIgnoreCase)
        && type[EventStream.Length..].TrimStart() is [] or [';', ..];

    /// <summary>
    /// Whether the action frames the body itself with <c>Transfer-Encoding</c>, or sends trailers. A record can hold neither.
    /// </summary>
    public static bool HasOwnFraming(HttpContext http) =>
        http.Response.Headers.TransferEncoding.Count > 0
        || http.Response.Headers.Trailer.Count > 0
        || http.Features.Get<IHttpResponseTrailersFeature>() is { Trailers.Count: > 0 };

    /// <summary>
    /// Why a response cannot be sent as it is; null when it can. Checked here because the server would refuse it only after the record was
    /// stored.
    /// </summary>
    public static string? Defect(int status, long? declared, long written)
    {
        if (status is < 100 or > 999)
            return $"The response has the status {status}, but a status is from 100 to 999.";
        if (AllowedWith(status))
        {
            return declared is not null && declared != written
                ? $"The response declares a Content-Length of {declared}, but has {written} bytes of body."
                : null;
        }

        if (written > 0)
            return $"The response has {written} bytes of body, but its status {status} allows none.";

        // A 304 may declare the length that the body of a 200 would have (RFC 9110, section 8.6).
        return status != StatusCodes.Status304NotModified && declared > 0
            ? $"The response declares a Content-Length of {declared}, but its status {status} allows no body."
            : null;
    }
}
