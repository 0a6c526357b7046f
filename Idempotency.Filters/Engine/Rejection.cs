using System.Globalization;
using Idempotency.Filters.Keys;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Engine;

/// <summary>Why a request is answered without its action: problem details as RFC 9457 has them, with a stable <c>code</c>.</summary>
/// <remarks>Nothing in it tells of the stored request or response.</remarks>
internal sealed class Rejection(IdempotencyOptions options, string code, int status, string title, string detail, bool retryLater = false)
{
    public string Code => code;

    private string Type => options.DocumentationUri is { } page
        ? new UriBuilder(page) { Fragment = code }.Uri.AbsoluteUri
        : $"urn:problem-type:idempotency:{code}";

    public static Rejection KeyMissing(IdempotencyOptions options) => new(
        options, "key-missing", options.StatusCodes.KeyMissing, $"{KeyName(options)} is missing",
        $"This operation needs {KeyPlaces(options)}: send a value that is unique to the operation, such as a UUID, and the same value with each retry.");

    public static Rejection KeyMalformed(IdempotencyOptions options, string problem) => new(
        options, "key-malformed", options.StatusCodes.KeyMalformed, $"{KeyName(options)} is malformed", problem);

    public static Rejection KeyReused(IdempotencyOptions options) => new(
        options, "key-reused", options.StatusCodes.KeyReused, $"{KeyName(options)} is already used",
        "This key was used for another request. Repeat that request unchanged to get its answer, or use a new key for this one.");

    public static Rejection InFlight(IdempotencyOptions options) => new(
        options, "in-flight", options.StatusCodes.InFlight, "A request is outstanding for this key",
        "The first request with this key is still being processed. Retry later to get its answer.", retryLater: true);

    public static Rejection NotReplayable(IdempotencyOptions options) => new(
        options, "not-replayable", options.StatusCodes.NotReplayable, "The answer was not kept",
        "The request with this key was carried out, but its answer was too large or was streamed, and cannot be sent again. The operation will not run twice.");

    public static Rejection OutcomeUnknown(IdempotencyOptions options) => new(
        options, "outcome-unknown", options.StatusCodes.OutcomeUnknown, "The outcome of the first request is unknown",
        "The first request with this key failed or was interrupted after it may have taken effect. It will not run again until its outcome has been resolved.");

    public static Rejection BodyTooLarge(IdempotencyOptions options) => new(
        options, "body-too-large", options.StatusCodes.BodyTooLarge, "The request body is too large",
        "The body is larger than what is read to compare a retry with the original. Nothing was run.");

    public static Rejection BodyTooLargeForKey(IdempotencyOptions options) => new(
        options, "body-too-large", options.StatusCodes.BodyTooLarge, "The request body is too large",
        "The body is larger than what is read to find its idempotency key. Nothing was run.");

    public static Rejection StoreUnavailable(IdempotencyOptions options) => new(
        options, "store-unavailable", options.StatusCodes.StoreUnavailable, "Idempotency keys cannot be checked now",
        "The operation was not run, because it could not be made safe to retry. Retry later with the same key.", retryLater: true);

    public static Rejection RecordUnreadable(IdempotencyOptions options) => new(
        options, "record-unreadable", options.StatusCodes.StoreUnavailable, "The stored answer cannot be read",
        "There is an answer for this key, but this server cannot read it. The operation will not run twice. Retry later with the same key.", retryLater: true);

    /// <summary>For MVC: an <see cref="ObjectResult"/>, so that the app's formatters and its problem details customisation apply.</summary>
    public async ValueTask<IActionResult> ToActionResultAsync(HttpContext http)
    {
        var problem = http.RequestServices.GetRequiredService<ProblemDetailsFactory>().CreateProblemDetails(http, status, title, Type, detail);
        problem.Extensions["code"] = code;
        return await AnnounceAsync(http, problem) ? new ObjectResult(problem) { StatusCode = problem.Status } : new EmptyResult();
    }

    /// <summary>For Minimal APIs: goes through the app's <c>IProblemDetailsService</c>, if it has one.</summary>
    public async ValueTask SendAsync(HttpContext http)
    {
        var result = TypedResults.Problem(detail, null, status, title, Type, new Dictionary<string, object?> { ["code"] = code });
        if (await AnnounceAsync(http, result.ProblemDetails))
            await result.ExecuteAsync(http);
    }

    // A title is the same for each occurrence of a problem (RFC 9457, section 3.1.3); the places are in the detail.
    private static string KeyName(IdempotencyOptions options) =>
        options.KeySources is { Count: > 0 } ? "The idempotency key" : options.HeaderName;

    private static string KeyPlaces(IdempotencyOptions options) => KeyReader.Sources(options) switch
    {
        [var single] => single.Place,
        [.. var others, var last] => $"{string.Join(", ", others.Select(source => source.Place))} or {last.Place}",
        [] => "",
    };

    /// <summary>Sets status and headers, and asks the app.</summary>
    /// <returns>Whether the problem details are to be sent.</returns>
    private async ValueTask<bool> AnnounceAsync(HttpContext http, ProblemDetails problem)
    {
        SetHeaders(http.Response.Headers);
        if (options.OnRejected is not { } onRejected)
            return true;

        // For a hook that writes by itself: without it, its refusal would go out as a 200.
        http.Response.StatusCode = status;
        var context = new IdempotencyRejectedContext(http, code, problem, status);
        await onRejected(context);
        problem.Status = context.StatusCode;

        // What was written and not flushed yet has not started the response.
        return !context.IsHandled
            && !http.Response.HasStarted
            && http.Response.BodyWriter is not { CanGetUnflushedBytes: true, UnflushedBytes: > 0 };
    }

    private void SetHeaders(IHeaderDictionary headers)
    {
        if (retryLater)
            headers.RetryAfter = Math.Ceiling(options.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (options.DocumentationUri is { } page)
            headers.Append(HeaderNames.Link, $"<{page.AbsoluteUri}>; rel=\"describedby\"");
    }
}
