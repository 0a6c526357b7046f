using System.Globalization;
using System.Text;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>
/// Where a request goes, the media type of its body, and the headers that the policy names. That detects most reused keys without reading
/// a body.
/// </summary>
/// <param name="Method">The method.</param>
/// <param name="PathBase">The path base, unescaped.</param>
/// <param name="Path">The path, unescaped.</param>
/// <param name="Query">The query string, as it came.</param>
/// <param name="ContentType">The content type. Its charset and boundary do not count.</param>
/// <param name="Headers">The named headers and their values as one text; null if the policy names none.</param>
internal readonly record struct RequestTarget(
    string Method, string? PathBase, string? Path, string? Query, string? ContentType, string? Headers)
{
    /// <param name="request">The request.</param>
    /// <param name="headers">The names of the headers that count, in lower case and in order.</param>
    public static RequestTarget Of(HttpRequest request, string[] headers) => new(
        request.Method, request.PathBase.Value, request.Path.Value, request.QueryString.Value, request.ContentType,
        headers.Length == 0 ? null : TextOf(request.Headers, headers));

    public Sha256Digest Hash(BodyHasher hasher)
    {
        hasher.Append(Method);
        hasher.Append((new PathString(PathBase) + new PathString(Path)).Value);
        hasher.Append(Query);
        MediaType.Append(hasher, ContentType);
        hasher.Append(Headers);
        return hasher.Complete();
    }

    /// <summary>
    /// Each name with the length of its value and the value, so that no value can pass for another header. Two lines of one header count as
    /// one line with a comma (RFC 9110, section 5.3), because proxies may join them.
    /// </summary>
    private static string TextOf(IHeaderDictionary headers, string[] names)
    {
        var text = new StringBuilder();
        foreach (var name in names)
        {
            // A name holds no colon and no semicolon.
            text.Append(name);
            if (headers.TryGetValue(name, out var values) && values.Count > 0)
            {
                var value = values.Count == 1 ? values[0] ?? "" : string.Join(", ", values.ToArray());
                text.Append(CultureInfo.InvariantCulture, $":{value.Length}:{value}");
            }
            else
            {
                text.Append(';');
            }
        }

        return text.ToString();
    }
}
