using System.Buffers;
using Idempotency.Filters.Records;

namespace Idempotency.Filters.Responses;

/// <summary>Sends a stored response again.</summary>
internal static class ResponseReplay
{
    public static async Task SendAsync(HttpResponse response, ResponseRecord record, IdempotencyOptions options)
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
        else if (!record.Body.IsEmpty)
            await SendBodyAsync(response, record.Body);
    }

    private static async Task SendBodyAsync(HttpResponse response, ReadOnlySequence<byte> body)
    {
        response.ContentLength = body.Length;
        foreach (var segment in body)
            await response.BodyWriter.WriteAsync(segment);
    }
}
