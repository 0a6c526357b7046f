using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Idempotency.Filters.Policies;
using Idempotency.Filters.Responses;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Engine;

/// <summary>
/// A request that is answered without its action, by problem details (RFC 9457) with a stable <c>code</c>, or by a page that says the same
/// to a visitor.
/// </summary>
/// <param name="kind">Why.</param>
/// <param name="http">The request.</param>
/// <param name="policy">The policy of the request.</param>
/// <param name="problem">What is wrong with the key, where that is the reason.</param>
internal sealed class Rejection(RejectionKind kind, HttpContext http, IdempotencyPolicy policy, string? problem)
{
    private readonly IdempotencyOptions _options = policy.Options;
    private readonly bool _prefersHtml = AcceptedTypes.PreferHtml(http.Request);

    public string Code => kind.Code;

    public int Status => kind.Status(_options.StatusCodes);

    public string Title => _prefersHtml
        ? RejectionPage.Of(kind).Title
        : kind.Title.Replace("{key}", policy.Keys.Name, StringComparison.Ordinal);

    public string Detail => _prefersHtml
        ? RejectionPage.Of(kind).Text
        : kind.Detail
            .Replace("{places}", policy.Keys.Places, StringComparison.Ordinal)
            .Replace("{problem}", problem, StringComparison.Ordinal);

    public string Type => _options.DocumentationUri is { } page
        ? new UriBuilder(page) { Fragment = Code }.Uri.AbsoluteUri
        : $"urn:problem-type:idempotency:{Code}";

    /// <summary>Answers a request outside MVC.</summary>
    public async ValueTask SendAsync()
    {
        var details = new ProblemDetails { Status = Status, Title = Title, Type = Type, Detail = Detail };
        details.Extensions["code"] = Code;
        details.Extensions["traceId"] = Activity.Current?.Id ?? http.TraceIdentifier;
        http.Response.StatusCode = Status;
        var customize = http.RequestServices.GetService<IOptions<ProblemDetailsOptions>>()?.Value.CustomizeProblemDetails;
        customize?.Invoke(new ProblemDetailsContext { HttpContext = http, ProblemDetails = details });

        if (!await AnnounceAsync(details))
            return;

        var json = http.RequestServices.GetRequiredService<IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>>().Value;
        await WriteAsync(details, json.SerializerOptions);
    }

    /// <summary>Sets status and headers, and asks the app.</summary>
    /// <returns>Whether the problem details are to be sent.</returns>
    public async ValueTask<bool> AnnounceAsync(ProblemDetails details)
    {
        SetHeaders(http.Response.Headers);
        details.Status ??= Status;
        if (_options.OnRejected is not { } onRejected)
            return true;

        // For a hook that writes by itself: without it, its refusal would go out as a 200.
        http.Response.StatusCode = details.Status.Value;
        var context = new IdempotencyRejectedContext(http, Code, details, Status, _prefersHtml);
        await onRejected(context);
        details.Status = context.StatusCode;
        return !context.IsHandled && !ProblemResponse.IsWritten(http.Response);
    }

    /// <param name="details">The problem, as the app left it.</param>
    /// <param name="json">The app's options for what it added to the problem.</param>
    public Task WriteAsync(ProblemDetails details, JsonSerializerOptions json)
    {
        var status = details.Status ?? Status;
        http.Response.StatusCode = status;
        return _prefersHtml
            ? ProblemResponse.SendPageAsync(http.Response, ProblemPage.Write(details, status, Code, LanguageOf(details)))
            : ProblemResponse.SendJsonAsync(http, details, json);
    }

    // Texts of the app's are in the language of the request.
    private string LanguageOf(ProblemDetails details) =>
        details.Title == Title && details.Detail == Detail ? "en" : CultureInfo.CurrentUICulture.Name;

    private void SetHeaders(IHeaderDictionary headers)
    {
        // True at this moment only.
        headers.CacheControl = CacheControlHeaderValue.NoStoreString;
        if (kind.RetryLater)
            headers.RetryAfter = Math.Ceiling(_options.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (_options.DocumentationUri is { } page)
            headers.Append(HeaderNames.Link, $"<{page.AbsoluteUri}>; rel=\"describedby\"");
    }
}
