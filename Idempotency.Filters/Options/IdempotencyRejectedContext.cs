using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters;

/// <summary>A request that is answered without its action, as <see cref="IdempotencyOptions.OnRejected"/> sees it.</summary>
public sealed class IdempotencyRejectedContext
{
    internal IdempotencyRejectedContext(HttpContext http, string code, ProblemDetails problem, int status)
    {
        HttpContext = http;
        Code = code;
        ProblemDetails = problem;
        ConfiguredStatusCode = status;
    }

    /// <summary>The request. Its response has its status and headers already, such as <c>Retry-After</c>; they may be changed.</summary>
    public HttpContext HttpContext { get; }

    /// <summary>Why it was refused: the stable code of the problem, such as <c>key-missing</c>.</summary>
    public string Code { get; }

    /// <summary>The status of the refusal: that of <see cref="ProblemDetails"/>, where it may be changed.</summary>
    public int StatusCode => ProblemDetails.Status ?? ConfiguredStatusCode;

    /// <summary>What is sent, to be changed at will, unless <see cref="IsHandled"/>.</summary>
    public ProblemDetails ProblemDetails { get; }

    /// <summary>
    /// Set to true when the response is complete as it is, and no problem details are to follow: after a redirect, say. A response that has
    /// started is complete without it.
    /// </summary>
    public bool IsHandled { get; set; }

    private int ConfiguredStatusCode { get; }
}
