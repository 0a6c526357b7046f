using System.Collections.Frozen;

namespace Idempotency.Filters.Records;

/// <summary>
/// Common header names and values, which a record holds as one byte and a reader need not allocate. Index 0 means "not in the table".
/// </summary>
/// <remarks>
/// Stored records refer to these entries for ever: never reorder, change or remove one. A reader of an older build does not know an entry
/// that is appended, so that a record which uses it needs a new version.
/// </remarks>
internal static class HeaderTable
{
    private static readonly string[] Names =
    [
        "Content-Type", "Content-Length", "Location", "ETag", "Last-Modified", "Cache-Control", "Expires", "Pragma", "Vary",
        "Content-Encoding", "Content-Language", "Content-Location", "Content-Disposition", "Content-Range", "Accept-Ranges", "Age", "Allow",
        "Link", "Retry-After", "Warning", "Deprecation", "Sunset", "Content-Security-Policy", "Strict-Transport-Security",
        "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Permissions-Policy", "X-Powered-By", "X-Request-Id",
        "X-Correlation-Id", "Request-Id", "X-Total-Count", "X-Pagination", "api-supported-versions", "api-deprecated-versions",
        "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Preference-Applied",
        "Content-Digest", "Repr-Digest", "Accept-Patch", "Accept-Post", "OData-Version",
    ];

    private static readonly string[] Values =
    [
        "", "application/json; charset=utf-8", "application/json", "application/problem+json; charset=utf-8", "application/problem+json",
        "text/plain; charset=utf-8", "text/plain", "text/html; charset=utf-8", "text/html", "application/xml; charset=utf-8",
        "application/xml", "application/problem+xml; charset=utf-8", "application/octet-stream", "application/pdf", "no-cache",
        "no-store", "no-cache, no-store", "no-cache,no-store", "-1", "0", "nosniff", "Accept-Encoding", "Accept", "Origin", "gzip", "br",
        "bytes", "none", "1.0", "2.0", "4.0", "DENY", "SAMEORIGIN", "no-referrer",
    ];

    private static readonly FrozenDictionary<string, byte> NameIndexes = Index(Names);
    private static readonly FrozenDictionary<string, byte> ValueIndexes = Index(Values);

    // Compared by ordinal: a header that the action spelt differently is replayed as it was spelt.
    public static byte IndexOfName(string name) => NameIndexes.GetValueOrDefault(name);

    public static byte IndexOfValue(string value) => ValueIndexes.GetValueOrDefault(value);

    /// <summary>Null for an index that the table does not have.</summary>
    public static string? NameAt(byte index) => At(Names, index);

    /// <inheritdoc cref="NameAt"/>
    public static string? ValueAt(byte index) => At(Values, index);

    private static string? At(string[] table, byte index) => index > 0 && index <= table.Length ? table[index - 1] : null;

    private static FrozenDictionary<string, byte> Index(string[] table) =>
        table.Index().ToFrozenDictionary(entry => entry.Item, entry => checked((byte)(entry.Index + 1)), StringComparer.Ordinal);
}
