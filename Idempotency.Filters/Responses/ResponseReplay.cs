using System.Buffers;
using Idempotency.Filters.Records;

namespace Idempotency.Filters.Responses;

/// <summary>Sends a stored response again.</summary>
internal static class ResponseReplay
{
    public static Task SendAsync(HttpContext http, in ResponseRecord record, IdempotencyOptions options)
    {
        SetHead(http.Response, record, options);
        return SendBodyAsync(http, record);
    }

    /// <summary>Sets status and headers; the body is for <c>SendBodyAsync</c>.</summary>
    /// <returns>
    /// False when the server does not send one of the headers, as Kestrel by default none outside of ASCII. No header is set then.
    /// </returns>
    public static bool TrySetHead(HttpContext http, in ResponseRecord record, IdempotencyOptions options)
    {
        var response = http.Response;
        try
        {
            SetHead(response, record, options);
            return true;
        }
        catch (InvalidOperationException) when (!response.HasStarted)
        {
            foreach (var (name, _) in record.Headers)
                response.Headers.Remove(name);
            return false;
        }
    }

    public static Task SendBodyAsync(HttpContext http, in ResponseRecord record) =>
        ResponseBodies.AllowedWith(http.Response.StatusCode) && !record.Body.IsEmpty
            ? SendBodyAsync(http, record.Body)
            : Task.CompletedTask;

    private static void SetHead(HttpResponse response, in ResponseRecord record, IdempotencyOptions options)
    {
        response.StatusCode = options.ReplayStatusCode ?? record.StatusCode;
        foreach (var (name, values) in record.Headers)
        {
            if (values.Count == 0)
                response.Headers.Remove(name);
            else
                response.Headers[name] = values;
        }

        if (options.ReplayedHeaderName is { } marker)
            response.Headers[marker] = "true";
        if (!ResponseBodies.AllowedWith(response.StatusCode))
            response.ContentLength = null;
    }

    private static async Task SendBodyAsync(HttpContext http, ReadOnlySequence<byte> body)
    {
        var response = http.Response;
        if (ResponseBodies.MayDeclareLength(http))
            response.ContentLength = body.Length;
        foreach (var segment in body)
            await response.BodyWriter.WriteAsync(segment);
    }
}
