using Idempotency.Filters.Engine;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>
/// Stands between the application's filters, and notes an exception before the next filter can make it an answer. A unit of work that fails
/// to commit after the action is a failed execution, whatever maps it.
/// </summary>
internal sealed class ThrowNoteFilter(int order) : IActionFilter, IPageFilter, IResultFilter, IResourceFilter, IOrderedFilter
{
    public static readonly ThrowNoteFilter Outermost = new(int.MinValue);
    public static readonly ThrowNoteFilter Innermost = new(int.MaxValue);

    public int Order => order;

    /// <summary>
    /// The filters, with a note outside each that may throw or handle an exception, and one inside them all. Nothing is added where the
    /// application has no such filters.
    /// </summary>
    public static IEnumerable<FilterDescriptor> Among(IEnumerable<FilterDescriptor> filters)
    {
        var any = false;
        foreach (var descriptor in filters)
        {
            if (MayHandle(descriptor.Filter))
            {
                any = true;
                yield return new FilterDescriptor(Outermost, descriptor.Scope) { Order = descriptor.Order };
            }

            yield return descriptor;
        }

        if (any)
            yield return new FilterDescriptor(Innermost, FilterScope.Action);
    }

    /// <summary>
    /// Whether the filter may throw, or handle an exception, around an action or its result. An exception filter sees what the action
    /// filters have let through, and that is noted.
    /// </summary>
    public static bool MayHandle(IFilterMetadata filter) =>
        filter is TypeFilterAttribute or ServiceFilterAttribute or MiddlewareFilterAttribute
            ? !ActionMarkers.IsIdempotencyFilter(filter)
            : filter is IFilterFactory or IActionFilter or IAsyncActionFilter or IPageFilter or IAsyncPageFilter
                or IResultFilter or IAsyncResultFilter or IResourceFilter or IAsyncResourceFilter
            && !ActionMarkers.IsIdempotencyFilter(filter)
            && filter.GetType().Namespace?.StartsWith("Microsoft.AspNetCore.Mvc", StringComparison.Ordinal) is not true;

    public void OnActionExecuting(ActionExecutingContext context)
    {
    }

    public void OnActionExecuted(ActionExecutedContext context) => Note(context, context.Exception);

    public void OnPageHandlerSelected(PageHandlerSelectedContext context)
    {
    }

    public void OnPageHandlerExecuting(PageHandlerExecutingContext context)
    {
    }

    public void OnPageHandlerExecuted(PageHandlerExecutedContext context) => Note(context, context.Exception);

    public void OnResultExecuting(ResultExecutingContext context)
    {
    }

    public void OnResultExecuted(ResultExecutedContext context) => Note(context, context.Exception);

    public void OnResourceExecuting(ResourceExecutingContext context)
    {
    }

    public void OnResourceExecuted(ResourceExecutedContext context) => Note(context, context.Exception);

    private static void Note(FilterContext context, Exception? exception)
    {
        if (exception is not null)
            IdempotentRequest.NoteThrew(context.HttpContext);
    }
}
