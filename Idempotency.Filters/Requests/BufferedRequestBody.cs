namespace Idempotency.Filters.Requests;

/// <summary>Holds a request body in memory, because it is needed before the action reads it.</summary>
internal static class BufferedRequestBody
{
    // Content-Length is only a promise. Beyond this, take memory only as the bytes arrive.
    private const int LargestPromise = 64 * 1024;

    /// <summary>Reads the whole body. The action can still read it from its start.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">The most bytes to hold.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="RequestBodyTooLargeException">The body is larger than that, or than the server accepts.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> HoldAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength > maxBytes)
            throw new RequestBodyTooLargeException();

        var body = request.Body;
        var position = body.CanSeek ? body.Position : 0;
        if (body.CanSeek)
            body.Position = 0;

        var copy = new MemoryStream((int)Math.Min(request.ContentLength ?? 0, LargestPromise));
        try
        {
            await new LimitedBodyStream(body, maxBytes).CopyToAsync(copy, cancellationToken);
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new RequestBodyTooLargeException(exception);
        }
        finally
        {
            if (body.CanSeek)
                body.Position = position;
        }

        var bytes = copy.GetBuffer().AsMemory(0, (int)copy.Length);
        if (!body.CanSeek && !bytes.IsEmpty)
            request.Body = new MemoryStream(copy.GetBuffer(), 0, bytes.Length, writable: false);
        return bytes;
    }
}
