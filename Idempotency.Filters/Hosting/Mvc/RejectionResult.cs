using Idempotency.Filters.Engine;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>
/// A rejection in MVC. The app's <see cref="ProblemDetailsFactory"/> makes its problem details, and always-run result filters see an
/// <see cref="ObjectResult"/>; formatters, which may accept nothing but XML, do not write it.
/// </summary>
internal sealed class RejectionResult : ObjectResult
{
    private readonly Rejection _rejection;

    private RejectionResult(Rejection rejection, ProblemDetails problem)
        : base(problem)
    {
        _rejection = rejection;
        StatusCode = problem.Status;
    }

    public static async ValueTask<IActionResult> CreateAsync(Rejection rejection, HttpContext http)
    {
        var problem = http.RequestServices.GetRequiredService<ProblemDetailsFactory>()
            .CreateProblemDetails(http, rejection.Status, rejection.Title, rejection.Type, rejection.Detail);
        problem.Extensions["code"] = rejection.Code;
        return await rejection.AnnounceAsync(problem) ? new RejectionResult(rejection, problem) : new EmptyResult();
    }

    public override Task ExecuteResultAsync(ActionContext context)
    {
        // A filter may have put something else in its place.
        if (Value is not ProblemDetails problem)
            return base.ExecuteResultAsync(context);

        problem.Status = StatusCode ?? problem.Status;
        var options = context.HttpContext.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value;
        return _rejection.WriteAsync(problem, options.JsonSerializerOptions);
    }
}
