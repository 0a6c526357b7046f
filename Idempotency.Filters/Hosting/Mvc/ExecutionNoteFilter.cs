using Idempotency.Filters.Engine;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>
/// The innermost action and page filter: notes that the action itself was reached, and that it returned. The first tells an action's own 400
/// from the automatic one, and from another filter's short circuit.
/// </summary>
internal sealed class ExecutionNoteFilter : IActionFilter, IPageFilter, IOrderedFilter
{
    public static readonly ExecutionNoteFilter Instance = new();

    public int Order => int.MaxValue;

    public static void NoteReached(HttpContext http) => http.RequestServices.GetRequiredService<IdempotencyContext>().ActionRan = true;

    public static void NoteReturned(HttpContext http) => (http.Features.Get<IHttpRequestLifetimeFeature>() as ExecutionLifetime)?.BeginWriting();

    public void OnActionExecuting(ActionExecutingContext context) => NoteReached(context.HttpContext);

    public void OnActionExecuted(ActionExecutedContext context) => NoteReturned(context.HttpContext);

    public void OnPageHandlerSelected(PageHandlerSelectedContext context)
    {
    }

    public void OnPageHandlerExecuting(PageHandlerExecutingContext context) => NoteReached(context.HttpContext);

    public void OnPageHandlerExecuted(PageHandlerExecutedContext context) => NoteReturned(context.HttpContext);
}
