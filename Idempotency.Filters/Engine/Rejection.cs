using System.Globalization;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Engine;

/// <summary>A request that is answered without its action, by problem details (RFC 9457) with a stable <c>code</c>.</summary>
/// <param name="kind">Why.</param>
/// <param name="policy">The policy of the request.</param>
/// <param name="problem">What is wrong with the key, where that is the reason.</param>
internal sealed class Rejection(RejectionKind kind, IdempotencyPolicy policy, string? problem)
{
    private readonly IdempotencyOptions _options = policy.Options;

    public string Code => kind.Code;

    public int Status => kind.Status(_options.StatusCodes);

    public string Title => kind.Title.Replace("{key}", policy.Keys.Name, StringComparison.Ordinal);

    public string Detail => kind.Detail
        .Replace("{places}", policy.Keys.Places, StringComparison.Ordinal)
        .Replace("{problem}", problem, StringComparison.Ordinal);

    public string Type => _options.DocumentationUri is { } page
        ? new UriBuilder(page) { Fragment = Code }.Uri.AbsoluteUri
        : $"urn:problem-type:idempotency:{Code}";

    /// <summary>Sends it through the app's <c>IProblemDetailsService</c>, if it has one.</summary>
    public async ValueTask SendAsync(HttpContext http)
    {
        var result = TypedResults.Problem(Detail, null, Status, Title, Type, new Dictionary<string, object?> { ["code"] = Code });
        if (await AnnounceAsync(http, result.ProblemDetails))
            await result.ExecuteAsync(http);
    }

    /// <summary>Sets status and headers, and asks the app.</summary>
    /// <returns>Whether the problem details are to be sent.</returns>
    public async ValueTask<bool> AnnounceAsync(HttpContext http, ProblemDetails details)
    {
        SetHeaders(http.Response.Headers);
        if (_options.OnRejected is not { } onRejected)
            return true;

        // For a hook that writes by itself: without it, its refusal would go out as a 200.
        http.Response.StatusCode = Status;
        var context = new IdempotencyRejectedContext(http, Code, details, Status);
        await onRejected(context);
        details.Status = context.StatusCode;
        // What was written and not flushed yet has not started the response.
        return !context.IsHandled
            && !http.Response.HasStarted
            && http.Response.BodyWriter is not { CanGetUnflushedBytes: true, UnflushedBytes: > 0 };
    }

    private void SetHeaders(IHeaderDictionary headers)
    {
        if (kind.RetryLater)
            headers.RetryAfter = Math.Ceiling(_options.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (_options.DocumentationUri is { } page)
            headers.Append(HeaderNames.Link, $"<{page.AbsoluteUri}>; rel=\"describedby\"");
    }
}
