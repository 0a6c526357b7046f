namespace Idempotency.Filters.Requests;

/// <summary>
/// Reads a form for as long as a token allows. The framework's reader resets the connection when its own token fires, so only the reads of
/// the body get ours.
/// </summary>
internal static class PatientForm
{
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">How long the body may be; null = as long as the server admits.</param>
    /// <param name="patience">Ends the reading. It fires when the request is aborted, too.</param>
    public static async ValueTask<IFormCollection> ReadAsync(HttpRequest request, long? maxBytes, CancellationToken patience)
    {
        var body = request.Body;
        var patient = new PatientBodyStream(LimitedBodyStream.Limit(body, maxBytes), patience);
        request.Body = patient;
        try
        {
            return await request.ReadFormAsync(request.HttpContext.RequestAborted);
        }
        finally
        {
            if (ReferenceEquals(request.Body, patient))
                request.Body = body;
            // As the framework leaves a body that it may read again.
            if (body.CanSeek)
                body.Position = 0;
        }
    }
}
