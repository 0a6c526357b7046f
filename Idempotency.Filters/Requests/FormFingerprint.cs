using System.Buffers;
using Idempotency.Filters.Primitives;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Requests;

/// <summary>Hashes a form that something parsed, and so consumed, before the body could be hashed. Antiforgery does that.</summary>
internal static class FormFingerprint
{
    private const string DefaultAntiforgeryField = "__RequestVerificationToken";
    private const int BufferSize = 16 * 1024;

    /// <summary>Whether antiforgery rejected the token. The framework then throws on every access to the form.</summary>
    public static bool IsLocked(HttpRequest request) =>
        request.HttpContext.Features.Get<IAntiforgeryValidationFeature>() is { IsValid: false };

    /// <summary>The form if it is already parsed; otherwise null. Does not parse it.</summary>
    public static IFormCollection? Parsed(HttpRequest request) =>
        IsLocked(request) ? null : request.HttpContext.Features.Get<IFormFeature>()?.Form;

    public static async ValueTask<Sha256Digest> HashAsync(
        RequestHasher hashing, HttpRequest request, IFormCollection form, CancellationToken cancellationToken)
    {
        var hasher = hashing.Rent();
        try
        {
            AppendFields(hasher, form, AntiforgeryField(request));

            hasher.Append(form.Files.Count);
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

    // Names are sorted, because their order depends on the parser. The values of one name keep the client's order.
    private static void AppendFields(BodyHasher hasher, IFormCollection form, string antiforgeryField)
    {
        // A retry from a reloaded page carries a different token.
        var names = form.Keys.Where(name => name != antiforgeryField).Order(StringComparer.Ordinal).ToArray();
        hasher.Append(names.Length);
        foreach (var name in names)
        {
            var values = form[name];
            hasher.Append(name);
            hasher.Append(values.Count);
            foreach (var value in values)
                hasher.Append(value ?? "");
        }
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

    private static string AntiforgeryField(HttpRequest request) =>
        request.HttpContext.RequestServices?.GetService<IOptions<AntiforgeryOptions>>()?.Value.FormFieldName ?? DefaultAntiforgeryField;
}
