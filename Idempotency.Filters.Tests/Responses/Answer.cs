using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>A response as the client saw it, for comparison as a whole: status, headers, bytes.</summary>
internal sealed partial record Answer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    // HTTP/2 has names in lower case.
    private static readonly string[] Moments = ["Date", "Idempotent-Replayed"];
    private static readonly string[] Framing = ["Content-Length", "Transfer-Encoding"];

    /// <summary>The code of a problem that the library reports; null for any other response.</summary>
    public string? Code => CodeInProblem().Match(Body) is { Success: true } match ? match.Groups[1].Value : null;

    public bool IsReplay => Headers.ContainsKey("Idempotent-Replayed");

    public byte[] Bytes => Encoding.Latin1.GetBytes(Body);

    public static async Task<Answer> OfAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var body = await response.Content.ReadAsByteArrayAsync();
            var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
                .ToDictionary(header => header.Key, Values, StringComparer.OrdinalIgnoreCase);
            return new Answer((int)response.StatusCode, headers, Encoding.Latin1.GetString(body));
        }
    }

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>The whole answer without the date and the replay marker.</summary>
    public string Whole() => Text([]);

    /// <summary>The parts that an action controls: without the framing of the body and the request id.</summary>
    public string Content() => TraceId().Replace(Text(Framing), "");

    public override string ToString() => Text([]);

    private static string Values(KeyValuePair<string, HeaderStringValues> header) => string.Join(" | ", header.Value.AsEnumerable());

    private string Text(string[] without)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Status}\n");
        foreach (var (name, value) in Headers.OrderBy(header => header.Key, StringComparer.OrdinalIgnoreCase))
        {
            if (!Moments.Concat(without).Contains(name, StringComparer.OrdinalIgnoreCase))
                text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\n");
        }

        return text.Append('\n').Append(Body).ToString();
    }

    [GeneratedRegex("\"code\":\"([^\"]*)\"")]
    private static partial Regex CodeInProblem();

    [GeneratedRegex("\"traceId\":\"[^\"]*\"")]
    private static partial Regex TraceId();
}
