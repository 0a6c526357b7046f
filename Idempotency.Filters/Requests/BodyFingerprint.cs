using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Requests;

/// <summary>Computes the fingerprint of a body by reading it now.</summary>
internal static class BodyFingerprint
{
    private static readonly BodyHash None = new(BodyForm.Unknown, default);

    /// <summary>Whether the body can be read now without taking it away from the action.</summary>
    public static bool IsAtHand(HttpRequest request) =>
        FormFingerprint.Parsed(request) is not null || !MayHaveBody(request) || request.Body.CanSeek;

    /// <param name="hashing">Hashes the body.</param>
    /// <param name="request">The request.</param>
    /// <param name="form">How the fingerprint to compare with was made.</param>
    /// <param name="maxBytes">The most bytes to read; null = as many as the server accepts.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="RequestBodyTooLargeException">The body is larger than that.</exception>
    public static async ValueTask<BodyHash> ReadAsync(
        RequestHasher hashing, HttpRequest request, BodyForm form, long? maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            return await TryReadAtHandAsync(hashing, request, form, maxBytes, cancellationToken)
                ?? await ReadToEndAsync(hashing, request, request.Body, maxBytes, cancellationToken);
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new RequestBodyTooLargeException(exception);
        }
    }

    /// <summary>Like <see cref="ReadAsync"/>, but the action can still read the body from its start.</summary>
    public static async ValueTask<BodyHash> BufferAsync(
        RequestHasher hashing, HttpRequest request, BodyForm form, int maxBytes, CancellationToken cancellationToken)
    {
        // A body that can be read twice needs no memory of ours, so no limit applies.
        if (form is BodyForm.Bytes or BodyForm.Multipart or BodyForm.Empty && !IsAtHand(request))
            await BufferedRequestBody.HoldAsync(request, maxBytes, cancellationToken);
        return await ReadAsync(hashing, request, form, request.Body.CanSeek ? null : maxBytes, cancellationToken);
    }

    public static BodyHash Complete(HttpRequest request, BodyHasher hasher)
    {
        // The client announced a body, but nothing was left to read: something consumed it earlier. So the body is unknown, not empty.
        // A body in chunks, or in frames of HTTP/2, may have been empty. The server does not say, so it is unknown too.
        // Nor is the rest of a body known for the whole, where something read only its beginning.
        var (length, announced) = (hasher.Length, request.ContentLength);
        if (length == 0 || (length < announced && IsServersOwn(request)))
        {
            hasher.Abandon();
            return length > 0 || MayHaveBody(request)
                ? new(BodyForm.Unknown, default, IsConsumed: true, MayBeEmpty: announced is null)
                : new(BodyForm.Empty, default);
        }

        var form = hasher.Form;
        return new(form, hasher.Complete());
    }

    /// <summary>Null if only the stream is left to read, which takes the body away from the action.</summary>
    private static async ValueTask<BodyHash?> TryReadAtHandAsync(
        RequestHasher hashing, HttpRequest request, BodyForm form, long? maxBytes, CancellationToken cancellationToken)
    {
        if (form is BodyForm.Unknown or BodyForm.AnyRequest)
            return None;
        if (FormFingerprint.Parsed(request) is { } parsed)
            return new BodyHash(BodyForm.ParsedForm, await FormFingerprint.HashAsync(hashing, request, parsed, cancellationToken));
        if (form == BodyForm.ParsedForm)
            return await ParseAsync(hashing, request, maxBytes, cancellationToken);
        if (!MayHaveBody(request))
            return Complete(request, hashing.Rent(request.ContentType));
        if (!request.Body.CanSeek)
            return null;

        var body = request.Body;
        var position = body.Position;
        body.Position = 0;
        try
        {
            return await ReadToEndAsync(hashing, request, body, maxBytes, cancellationToken);
        }
        finally
        {
            body.Position = position;
        }
    }

    private static async ValueTask<BodyHash> ReadToEndAsync(
        RequestHasher hashing, HttpRequest request, Stream body, long? maxBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength > maxBytes)
            throw new RequestBodyTooLargeException();

        var hasher = hashing.Rent(request.ContentType);
        try
        {
            await new HashingBodyStream(LimitedBodyStream.Limit(body, maxBytes), hasher).CopyToAsync(Stream.Null, cancellationToken);
        }
        catch
        {
            hasher.Abandon();
            throw;
        }

        return Complete(request, hasher);
    }

    private static async ValueTask<BodyHash> ParseAsync(
        RequestHasher hashing, HttpRequest request, long? maxBytes, CancellationToken cancellationToken)
    {
        if (FormFingerprint.IsLocked(request) || !request.HasFormContentType)
            return None;
        if (request.ContentLength > maxBytes)
            throw new RequestBodyTooLargeException();

        if (request.Body.CanSeek)
            request.Body.Position = 0;
        try
        {
            var form = MayHaveBody(request) ? await PatientForm.ReadAsync(request, maxBytes, cancellationToken) : FormCollection.Empty;
            return new BodyHash(BodyForm.ParsedForm, await FormFingerprint.HashAsync(hashing, request, form, cancellationToken));
        }
        catch (Exception exception) when (FormFingerprint.IsMalformed(exception) && !cancellationToken.IsCancellationRequested)
        {
            // The form to compare with could be parsed and this one cannot, so it is a different form: no hash is all zeros.
            return new BodyHash(BodyForm.ParsedForm, default);
        }
    }

    // Middleware that replaced the body may have changed its length, as decompression does.
    private static bool IsServersOwn(HttpRequest request) =>
        (request.Body is HashingBodyStream own ? own.Inner : request.Body).GetType().Assembly
        == request.HttpContext.Features.Get<IHttpRequestFeature>()?.GetType().Assembly;

    private static bool MayHaveBody(HttpRequest request) =>
        request.ContentLength != 0 && request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false;
}
