using Microsoft.AspNetCore.Antiforgery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Requests;

/// <summary>
/// Where a form carries its antiforgery token. The token is no part of the request: a retry from a reloaded page has another one, or has it
/// in another place.
/// </summary>
internal static class AntiforgeryToken
{
    private static readonly AntiforgeryOptions Defaults = new();

    /// <summary>The name of the field.</summary>
    public static string Field(HttpRequest request) => OptionsOf(request).FormFieldName;

    /// <summary>Whether it is in the header. Antiforgery then leaves the body to the action.</summary>
    public static bool IsInHeader(HttpRequest request) =>
        OptionsOf(request).HeaderName is { } header && request.Headers.ContainsKey(header);

    /// <summary>Whether it is in the header, or in the form.</summary>
    public static bool IsSentWith(HttpRequest request, IFormCollection form) =>
        IsInHeader(request) || form.ContainsKey(Field(request));

    private static AntiforgeryOptions OptionsOf(HttpRequest request) =>
        request.HttpContext.RequestServices?.GetService<IOptions<AntiforgeryOptions>>()?.Value ?? Defaults;
}
