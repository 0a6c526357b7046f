using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Requests;

/// <summary>
/// The media type of a request in one spelling: RFC 9110, section 8.3.1, lets case, quotes, blanks and the order of parameters differ.
/// </summary>
internal static class MediaType
{
    /// <summary>
    /// Appends type, subtype and parameters. The charset does not count, because it concerns the bytes, which are hashed; nor does the
    /// boundary, which is random in each attempt. A content type that is not valid counts as it is.
    /// </summary>
    public static void Append(BodyHasher hasher, string? contentType)
    {
        var isValid = MediaTypeHeaderValue.TryParse(contentType, out var parsed);
        hasher.Append(isValid ? 1 : 0);
        if (!isValid)
        {
            hasher.Append(contentType.AsSpan().Trim());
            return;
        }

        hasher.Append(parsed!.MediaType.Value!.ToLowerInvariant());

        // A stable sort: the order of two parameters with one name may mean something.
        var parameters = parsed.Parameters
            .Select(parameter => (Name: parameter.Name.Value!.ToLowerInvariant(), parameter.Value))
            .Where(parameter => parameter.Name is not ("charset" or "boundary"))
            .OrderBy(parameter => parameter.Name, StringComparer.Ordinal)
            .ToArray();
        hasher.Append(parameters.Length);
        foreach (var (name, value) in parameters)
        {
            hasher.Append(name);
            hasher.Append(value.HasValue ? 1 : 0);
            hasher.Append(Unquoted(value));
        }
    }

    private static ReadOnlySpan<char> Unquoted(StringSegment value) =>
        HeaderUtilities.IsQuoted(value) ? HeaderUtilities.UnescapeAsQuotedString(value) : value;
}
