namespace Idempotency.Filters.Requests;

/// <summary>A request body that is held in memory, because it must be known before the action reads it.</summary>
internal static class BufferedRequestBody
{
    // An announced length is only a promise: memory is taken as the bytes come.
    private const int LargestPromise = 64 * 1024;

    /// <summary>Reads the whole body, which the action can still read from its start.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">How much to hold at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RequestBodyTooLargeException">There is more, or the server refuses as much.</exception>
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
            await new HashingBodyStream(body, null, maxBytes).CopyToAsync(copy, cancellationToken);
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
