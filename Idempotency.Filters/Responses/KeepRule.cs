using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Responses;

/// <summary>
/// Decides whether to keep the response of an action that ran: by the app's delegate, else by its lists, else by default.
/// </summary>
internal static class KeepRule
{
    public static bool Keeps(HttpContext http, IdempotencyOptions options) =>
        options.ShouldStore?.Invoke(http) ?? (KeepsStatus(http.Response.StatusCode, options) && KeepsContentType(http.Response, options));

    // The default: below 500, except answers that ask the client to change something other than the request and send it again.
    private static bool KeepsStatus(int status, IdempotencyOptions options) =>
        options.StoreStatusCodes?.Contains(status) ?? status is < 500 and not (401 or 403 or 408 or 425 or 429);

    private static bool KeepsContentType(HttpResponse response, IdempotencyOptions options)
    {
        if (options.StoreContentTypes.Count == 0 || response.ContentType is not { } contentType)
            return true;

        return MediaTypeHeaderValue.TryParse(contentType, out var actual)
            && options.StoreContentTypes.Any(kept => MediaTypeHeaderValue.TryParse(kept, out var set) && Includes(set, actual));
    }

    private static bool Includes(MediaTypeHeaderValue set, MediaTypeHeaderValue actual) =>
        set.MatchesAllTypes
        || (set.Type.Equals(actual.Type, StringComparison.OrdinalIgnoreCase)
            && (set.MatchesAllSubTypes
                || set.SubType.Equals(actual.SubType, StringComparison.OrdinalIgnoreCase)
                || actual.Suffix.Equals(set.SubType, StringComparison.OrdinalIgnoreCase)));
}
