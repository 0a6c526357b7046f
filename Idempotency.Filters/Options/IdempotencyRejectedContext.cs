using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters;

/// <summary>
/// A request that is about to be refused, without its action running. Passed to <see cref="IdempotencyOptions.OnRejected"/>.
/// </summary>
public sealed class IdempotencyRejectedContext
{
    internal IdempotencyRejectedContext(HttpContext http, string code, ProblemDetails problem, int status, bool prefersHtml)
    {
        HttpContext = http;
        Code = code;
        ProblemDetails = problem;
        ConfiguredStatusCode = status;
        PrefersHtml = prefersHtml;
    }

    /// <summary>
    /// The request. The status and headers of its response, such as <c>Retry-After</c>, are already set and may be changed.
    /// </summary>
    public HttpContext HttpContext { get; }

    /// <summary>The stable code of the problem, such as <c>key-missing</c>.</summary>
    public string Code { get; }

    /// <summary>The status of the refusal. Change it in <see cref="ProblemDetails"/>.</summary>
    public int StatusCode => ProblemDetails.Status ?? ConfiguredStatusCode;

    /// <summary>
    /// The body that will be sent, unless <see cref="IsHandled"/> is set. May be changed. Where <see cref="PrefersHtml"/> is true, its
    /// title and detail are written for a visitor, and sent as a page.
    /// </summary>
    public ProblemDetails ProblemDetails { get; }

    /// <summary>
    /// Whether the request's <c>Accept</c> names HTML and prefers it to JSON, as browsers do when a visitor sends a form. The refusal then
    /// is a small page; otherwise, and without an <c>Accept</c>, problem details in JSON (RFC 9110, section 12.5.1).
    /// </summary>
    public bool PrefersHtml { get; }

    /// <summary>
    /// Set it to true when the response is complete without problem details, for example after a redirect. Not needed for a response that
    /// has started. Default false.
    /// </summary>
    public bool IsHandled { get; set; }

    private int ConfiguredStatusCode { get; }
}
