using Idempotency.Filters.Engine;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>Makes a rejection an <see cref="ObjectResult"/>, to which the app's formatters and problem details settings apply.</summary>
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
