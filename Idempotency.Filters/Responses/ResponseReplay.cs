using System.Buffers;
using Idempotency.Filters.Records;

namespace Idempotency.Filters.Responses;

/// <summary>Sends a stored response again.</summary>
internal static class ResponseReplay
{
    public static async Task SendAsync(HttpContext http, ResponseRecord record, IdempotencyOptions options)
    {
        var response = http.Response;
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
        else if (!record.Body.IsEmpty)
            await SendBodyAsync(http, record.Body);
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
