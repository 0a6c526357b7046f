using System.Net;
using System.Text.RegularExpressions;

namespace Idempotency.Filters.Tests.Support;

/// <summary>Reads the fields of a page as a browser would.</summary>
internal static partial class Html
{
    /// <summary>The attributes of each input, decoded, in their order.</summary>
    public static IReadOnlyList<IReadOnlyDictionary<string, string>> Inputs(string html) =>
        [.. Input().Matches(html).Select(input => Attribute().Matches(input.Value)
            .ToDictionary(attribute => attribute.Groups[1].Value, attribute => WebUtility.HtmlDecode(attribute.Groups[2].Value)))];

    /// <summary>What the form sends.</summary>
    public static IReadOnlyDictionary<string, string> Fields(string html) =>
        Inputs(html).ToDictionary(input => input["name"], input => input["value"]);

    [GeneratedRegex("<input [^>]*>")]
    private static partial Regex Input();

    [GeneratedRegex("([a-z-]+)=\"([^\"]*)\"")]
    private static partial Regex Attribute();
}
