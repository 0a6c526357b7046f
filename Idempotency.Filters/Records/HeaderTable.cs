namespace Idempotency.Filters.Records;

/// <summary>
/// Common header names and values. A record stores each as one byte, and reading it allocates no string. Index 0 means "not in the table".
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
            "Content-Encoding", "Content-Language", "Content-Location", "Content-Disposition", "Content-Range", "Accept-Ranges", "Age",
            "Allow", "Link", "Retry-After", "Warning", "Deprecation", "Sunset", "Content-Security-Policy", "Strict-Transport-Security",
            "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Permissions-Policy", "X-Powered-By", "X-Request-Id",
            "X-Correlation-Id", "Request-Id", "X-Total-Count", "X-Pagination", "api-supported-versions", "api-deprecated-versions",
            "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Preference-Applied",
            "Content-Digest", "Repr-Digest", "Accept-Patch", "Accept-Post", "OData-Version",
        ],
    ]);

    private static readonly HeaderTexts Values = new(
    [
        [
            "", "application/json; charset=utf-8", "application/json", "application/problem+json; charset=utf-8",
            "application/problem+json", "text/plain; charset=utf-8", "text/plain", "text/html; charset=utf-8", "text/html",
            "application/xml; charset=utf-8", "application/xml", "application/problem+xml; charset=utf-8", "application/octet-stream",
            "application/pdf", "no-cache", "no-store", "no-cache, no-store", "no-cache,no-store", "-1", "0", "nosniff", "Accept-Encoding",
            "Accept", "Origin", "gzip", "br", "bytes", "none", "1.0", "2.0", "4.0", "DENY", "SAMEORIGIN", "no-referrer",
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
