using System.Globalization;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Responses;

/// <summary>Problem details as a small page for a visitor: without scripts, styles, or anything else to load.</summary>
internal static class ProblemPage
{
    /// <param name="details">The problem. Its title and detail are what the visitor reads.</param>
    /// <param name="status">The status of the response.</param>
    /// <param name="code">The code, for a visitor who asks for help.</param>
    /// <param name="language">The language of the title and the detail (RFC 5646); empty = not known.</param>
    public static string Write(ProblemDetails details, int status, string code, string language)
    {
        var lang = language is "" ? "" : $" lang=\"{Encode(language)}\"";
        var title = Encode(details.Title ?? code);
        return $"""
            <!DOCTYPE html>
            <html{lang}>
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            <title>{title}</title>
            </head>
            <body>
            <main>
            <h1>{title}</h1>
            <p>{Encode(details.Detail ?? "")}</p>
            <p><small>{status.ToString(CultureInfo.InvariantCulture)} {Encode(code)}</small></p>
            </main>
            </body>
            </html>

            """;
    }

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
