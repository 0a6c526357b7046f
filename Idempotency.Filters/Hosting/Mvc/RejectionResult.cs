using Idempotency.Filters.Engine;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>A rejection as an <see cref="ObjectResult"/>, so that the app's formatters and its problem details customisation apply.</summary>
internal static class RejectionResult
{
    public static async ValueTask<IActionResult> CreateAsync(Rejection rejection, HttpContext http)
    {
        var problem = http.RequestServices.GetRequiredService<ProblemDetailsFactory>()
            .CreateProblemDetails(http, rejection.Status, rejection.Title, rejection.Type, rejection.Detail);
        problem.Extensions["code"] = rejection.Code;
        return await rejection.AnnounceAsync(http, problem) ? new ObjectResult(problem) { StatusCode = problem.Status } : new EmptyResult();
    }
}
