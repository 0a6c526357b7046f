using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>Where a request goes, and the media type of its body. That detects most reused keys without reading a body.</summary>
/// <param name="Method">The method.</param>
/// <param name="PathBase">The path base, unescaped.</param>
/// <param name="Path">The path, unescaped.</param>
/// <param name="Query">The query string, as it came.</param>
/// <param name="ContentType">The content type. Only its media type counts, without parameters.</param>
internal readonly record struct RequestTarget(string Method, string? PathBase, string? Path, string? Query, string? ContentType)
{
    // Most requests of an application go to few targets, so their hashes are worth keeping.
    private static readonly RecentValues<RequestTarget, Sha256Digest> Hashes = new(target => target.Hash());

    public static Sha256Digest HashOf(HttpRequest request) => Hashes.Get(new(
        request.Method, request.PathBase.Value, request.Path.Value, request.QueryString.Value, request.ContentType));

    private Sha256Digest Hash()
    {
        var hasher = BodyHasher.Rent();
        hasher.Append(Method);
        hasher.Append((new PathString(PathBase) + new PathString(Path)).Value);
        hasher.Append(Query);

        var mediaType = ContentType.AsSpan();
        var parameters = mediaType.IndexOf(';');
        mediaType = (parameters < 0 ? mediaType : mediaType[..parameters]).Trim();
        Span<char> lower = mediaType.Length <= 128 ? stackalloc char[mediaType.Length] : new char[mediaType.Length];
        mediaType.ToLowerInvariant(lower);
        hasher.Append(lower);
        return hasher.Complete();
    }
}
