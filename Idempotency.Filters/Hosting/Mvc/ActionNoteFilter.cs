using Idempotency.Filters.Engine;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>
/// The innermost action and page filter. It notes that the action was reached, and that it returned or threw. "Reached" distinguishes an
/// action's own 400 from an automatic 400 and from another filter's short circuit.
/// </summary>
internal sealed class ActionNoteFilter : IActionFilter, IPageFilter, IOrderedFilter
{
    public static readonly ActionNoteFilter Instance = new();

    public int Order => int.MaxValue;

    public void OnActionExecuting(ActionExecutingContext context) => IdempotentRequest.NoteReached(context.HttpContext);

    public void OnActionExecuted(ActionExecutedContext context) => NoteEnd(context.HttpContext, context.Exception);

    public void OnPageHandlerSelected(PageHandlerSelectedContext context)
    {
    }

    public void OnPageHandlerExecuting(PageHandlerExecutingContext context) => IdempotentRequest.NoteReached(context.HttpContext);

    public void OnPageHandlerExecuted(PageHandlerExecutedContext context) => NoteEnd(context.HttpContext, context.Exception);

    private static void NoteEnd(HttpContext http, Exception? exception)
    {
        if (exception is not null)
            IdempotentRequest.NoteThrew(http);
        IdempotentRequest.NoteReturned(http);
    }
}
