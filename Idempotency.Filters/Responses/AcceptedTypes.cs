using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Responses;

/// <summary>What a client would rather read: a page, or data (RFC 9110, section 12.5.1).</summary>
internal static class AcceptedTypes
{
    private static readonly string[] Pages = ["text/html", "application/xhtml+xml"];
    private static readonly string[] Data = ["application/problem+json", "application/json"];

    /// <summary>
    /// Whether the client names HTML, as browsers do for what a visitor opens or sends, and prefers it to JSON. A wildcard names nothing.
    /// </summary>
    public static bool PreferHtml(HttpRequest request)
    {
        var accept = request.Headers.Accept;
        if (accept.Count == 0 || !MediaTypeHeaderValue.TryParseStrictList(accept, out var types))
            return false;

        var html = types.Where(type => Array.Exists(Pages, page => type.MediaType.Equals(page, StringComparison.OrdinalIgnoreCase)))
            .Select(Quality).DefaultIfEmpty().Max();
        var data = Data.Max(data => QualityOf(data, types));
        // A type that is named beats one that only a wildcard includes.
        return html > 0 && (html > data || (html == data && !types.Any(type => !type.MatchesAllTypes && IncludesData(type))));
    }

    private static bool IncludesData(MediaTypeHeaderValue range) =>
        Array.Exists(Data, data => MediaTypeHeaderValue.Parse(data).IsSubsetOf(Plain(range)));

    /// <summary>The quality of the most specific range that includes a type; 0 if none does.</summary>
    private static double QualityOf(string mediaType, IList<MediaTypeHeaderValue> ranges)
    {
        var type = MediaTypeHeaderValue.Parse(mediaType);
        var including = ranges.Where(range => type.IsSubsetOf(Plain(range))).ToList();
        var specific = including.FindAll(range => !range.MatchesAllSubTypes);
        var general = specific.Count > 0 ? specific : including.FindAll(range => !range.MatchesAllTypes);
        return (general.Count > 0 ? general : including).Select(Quality).DefaultIfEmpty().Max();
    }

    // Parameters of a range, such as a version, do not make it another type here.
    private static MediaTypeHeaderValue Plain(MediaTypeHeaderValue range) => new(range.MediaType);

    /// <summary>1 without a quality, 0 with one that is none.</summary>
    private static double Quality(MediaTypeHeaderValue type) =>
        type.Quality ?? (type.Parameters.Any(parameter => parameter.Name.Equals("q", StringComparison.OrdinalIgnoreCase)) ? 0 : 1);
}
