using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>Hashes the requests of one policy.</summary>
/// <param name="shared">What the policies of the application share.</param>
/// <param name="headers">The names of the headers that belong to the target, in any order and case.</param>
internal sealed class RequestHasher(RequestHashing shared, IEnumerable<string> headers)
{
    // In one order and case, so that a new order or spelling in the settings changes no fingerprint.
    private readonly string[] _headers =
        [.. headers.Select(name => name.ToLowerInvariant()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <param name="contentType">
    /// The content type of the body, whose multipart boundary does not count; null = hash the bytes as they are.
    /// </param>
    public BodyHasher Rent(string? contentType = null) => shared.Rent(contentType);

    public Sha256Digest TargetOf(HttpRequest request) => shared.HashOf(RequestTarget.Of(request, _headers));
}
