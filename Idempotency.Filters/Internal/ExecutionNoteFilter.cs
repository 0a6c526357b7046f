using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Internal;

/// <summary>
/// The innermost action and page filter: notes that the action itself ran. That tells an action's own 400 from the automatic one, and from
/// another filter's short circuit.
/// </summary>
internal sealed class ExecutionNoteFilter : IActionFilter, IPageFilter, IOrderedFilter
{
    public static readonly ExecutionNoteFilter Instance = new();

    public int Order => int.MaxValue;

    public static void Note(HttpContext http) => http.RequestServices.GetRequiredService<IdempotencyContext>().ActionRan = true;

    public void OnActionExecuting(ActionExecutingContext context) => Note(context.HttpContext);

    public void OnActionExecuted(ActionExecutedContext context)
    {
    }

    public void OnPageHandlerSelected(PageHandlerSelectedContext context)
    {
    }

    public void OnPageHandlerExecuting(PageHandlerExecutingContext context) => Note(context.HttpContext);

    public void OnPageHandlerExecuted(PageHandlerExecutedContext context)
    {
    }
}
