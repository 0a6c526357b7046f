namespace Idempotency.Filters.Internal;

/// <summary>Sends a record again.</summary>
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
        if (record.Body.IsEmpty || !ResponseBodies.AllowedWith(response.StatusCode))
            return;

        response.ContentLength = record.Body.Length;
        foreach (var segment in record.Body)
            await response.BodyWriter.WriteAsync(segment);
    }
}
