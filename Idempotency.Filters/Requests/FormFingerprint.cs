using System.Buffers;
using Idempotency.Filters.Primitives;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Requests;

/// <summary>
/// Hashes a form that something parsed, without its antiforgery token. Antiforgery parses the form before its body can be hashed, and model
/// binding does while it is hashed.
/// </summary>
internal static class FormFingerprint
{
    private const int BufferSize = 16 * 1024;

    /// <summary>Whether a content type names a form. Unlike the framework's own test, it never throws.</summary>
    public static bool IsForm(string? contentType) =>
        contentType is not null
        && (contentType.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            || contentType.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Whether parsing a form failed because of what the client sent. The framework's parser works on nothing else, and throws more than it
    /// documents: an ArgumentNullException for the part header <c>filename*</c> without a value, a NotSupportedException for UTF-7.
    /// </summary>
    public static bool IsMalformed(Exception exception) => exception is not (
        OperationCanceledException or InvalidOperationException or RequestBodyTooLargeException or RequestBodyTooSlowException
            or UnauthorizedAccessException
        or OutOfMemoryException or BadHttpRequestException { StatusCode: not StatusCodes.Status400BadRequest });

    /// <summary>Whether antiforgery rejected the token. The framework then throws on every access to the form.</summary>
    public static bool IsLocked(HttpRequest request) =>
        request.HttpContext.Features.Get<IAntiforgeryValidationFeature>() is { IsValid: false };

    /// <summary>The form if it is already parsed; otherwise null. Does not parse it.</summary>
    public static IFormCollection? Parsed(HttpRequest request) =>
        IsLocked(request) ? null : request.HttpContext.Features.Get<IFormFeature>()?.Form;

    public static async ValueTask<Sha256Digest> HashAsync(
        RequestHasher hashing, HttpRequest request, IFormCollection form, CancellationToken cancellationToken)
    {
        if (form.Files.Count == 0)
            return HashFields(hashing, request, form);

        var hasher = hashing.Rent();
        try
        {
            AppendFields(hasher, form, AntiforgeryToken.Field(request));
            foreach (var file in form.Files.OrderBy(file => file.Name, StringComparer.Ordinal))
                await AppendFileAsync(hasher, file, cancellationToken);
        }
        catch
        {
            hasher.Abandon();
            throw;
        }

        return hasher.Complete();
    }

    /// <summary>Like <see cref="HashAsync"/>, for a form without files.</summary>
    public static Sha256Digest HashFields(RequestHasher hashing, HttpRequest request, IFormCollection form)
    {
        var hasher = hashing.Rent();
        AppendFields(hasher, form, AntiforgeryToken.Field(request));
        return hasher.Complete();
    }

    // Names are sorted, because their order depends on the parser. The values of one name keep the client's order.
    private static void AppendFields(BodyHasher hasher, IFormCollection form, string antiforgeryField)
    {
        var names = form.Keys
            .Where(name => !name.Equals(antiforgeryField, StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)
            .ToArray();
        hasher.Append(names.Length);
        foreach (var name in names)
        {
            var values = form[name];
            hasher.Append(name);
            hasher.Append(values.Count);
            foreach (var value in values)
                hasher.Append(value ?? "");
        }

        hasher.Append(form.Files.Count);
    }

    private static async ValueTask AppendFileAsync(BodyHasher hasher, IFormFile file, CancellationToken cancellationToken)
    {
        hasher.Append(file.Name);
        hasher.Append(file.FileName);
        hasher.Append(file.ContentType);
        hasher.Append(file.Length);

        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await using var content = file.OpenReadStream();
            for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0;)
                hasher.Append(buffer.AsSpan(0, read));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
