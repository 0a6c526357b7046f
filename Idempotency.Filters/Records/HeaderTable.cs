namespace Idempotency.Filters.Records;

/// <summary>
/// Common header names and values. A record stores each as one byte, and reading it allocates no string. Index 0 means "not in the table".
/// Headers that are never kept have no entry. Content-Length has one, for a length that the action declared itself.
/// </summary>
/// <remarks>
/// Stored records refer to these entries forever: never reorder, change or remove one. Each inner list holds what one version of the record
/// format added. To add an entry, append a list for the next version and raise <see cref="ResponseRecordWriter.NewestVersion"/>. A record
/// that uses the entry then carries that version, so that older instances in a rolling deployment know that they cannot read it.
/// </remarks>
internal static class HeaderTable
{
    private static readonly HeaderTexts Names = new(
    [
        [
            "Content-Type", "Content-Length", "Location", "ETag", "Last-Modified", "Cache-Control", "Expires", "Pragma", "Vary",
            "Content-Encoding", "Content-Language", "Content-Location", "Content-Disposition", "Content-Range", "Content-Digest",
            "Repr-Digest", "Accept-Ranges", "Allow", "Link", "Retry-After", "Preference-Applied", "Accept-Patch", "Accept-Post",
            "Operation-Location", "Azure-AsyncOperation", "Refresh", "Deprecation", "Sunset", "Warning", "api-supported-versions",
            "api-deprecated-versions", "X-Total-Count", "X-Pagination", "OData-Version", "OData-EntityId", "grpc-status",
            "grpc-message", "grpc-encoding", "Content-Security-Policy", "Content-Security-Policy-Report-Only",
            "Strict-Transport-Security", "Cross-Origin-Embedder-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
            "Permissions-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options", "X-XSS-Protection",
            "X-Permitted-Cross-Domain-Policies", "X-Robots-Tag", "X-Powered-By", "CDN-Cache-Control", "Surrogate-Control",
            "Clear-Site-Data",
        ],
    ]);

    private static readonly HeaderTexts Values = new(
    [
        [
            "", "application/json; charset=utf-8", "application/json", "application/problem+json; charset=utf-8",
            "application/problem+json", "text/plain; charset=utf-8", "text/plain", "text/html; charset=utf-8", "text/html", "text/css",
            "text/csv", "text/csv; charset=utf-8", "text/xml; charset=utf-8", "text/xml", "application/xml; charset=utf-8",
            "application/xml", "application/problem+xml; charset=utf-8", "application/problem+xml", "application/octet-stream",
            "application/pdf", "application/zip", "application/hal+json", "application/vnd.api+json",
            "application/x-www-form-urlencoded", "application/grpc",
            "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8",
            "application/json; odata.metadata=minimal; odata.streaming=true", "image/png", "image/jpeg", "image/svg+xml", "no-cache",
            "no-store", "no-cache, no-store", "no-cache,no-store", "no-store,no-cache", "no-store, no-cache",
            "no-cache, no-store, must-revalidate", "private", "public", "Thu, 01 Jan 1970 00:00:00 GMT", "-1", "0", "1", "true",
            "false", "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie", "Origin", "Prefer", "*", "gzip", "br",
            "identity", "bytes", "none", "attachment", "inline", "en", "en-US", "return=minimal", "return=representation", "nosniff",
            "DENY", "SAMEORIGIN", "same-origin", "same-site", "cross-origin", "no-referrer", "strict-origin-when-cross-origin", "1.0",
            "2.0", "3.0", "4.0", "2", "3", "4", "5",
        ],
    ]);

    // Ordinal comparison: a replay must spell a header as the action spelled it.
    public static byte IndexOfName(string name) => Names.IndexOf(name);

    public static byte IndexOfValue(string value) => Values.IndexOf(value);

    /// <summary>The version of the record format that added this name.</summary>
    public static byte VersionOfName(byte index) => Names.VersionOf(index);

    /// <summary>The version of the record format that added this value.</summary>
    public static byte VersionOfValue(byte index) => Values.VersionOf(index);

    /// <summary>Null if the table of this version has no such index.</summary>
    public static string? NameAt(byte index, byte version) => Names.At(index, version);

    /// <inheritdoc cref="NameAt"/>
    public static string? ValueAt(byte index, byte version) => Values.At(index, version);
}
