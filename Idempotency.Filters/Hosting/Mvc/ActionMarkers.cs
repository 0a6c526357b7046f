using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>
/// Finds the marker that applies to an action or a page. The nearest level wins (action, controller or page, global); within a level, the
/// most derived type or override wins.
/// </summary>
/// <remarks>MVC's own "last filter wins" does not work here: it depends on <c>Order</c>, and an exemption is not a filter.</remarks>
internal static class ActionMarkers
{
    public static IIdempotencyMarker? Of(ActionDescriptor action) => action switch
    {
        ControllerActionDescriptor controller =>
            MemberMarkers.OfMethod(controller.MethodInfo)
            ?? OfFilters(action, FilterScope.Action)
            ?? MemberMarkers.OfType(controller.ControllerTypeInfo)
            ?? OfFilters(action, FilterScope.Controller)
            ?? OfFilters(action, FilterScope.Global),
        CompiledPageActionDescriptor page =>
            MemberMarkers.OfType(page.HandlerTypeInfo)
            ?? MemberMarkers.OfType(page.PageTypeInfo)
            ?? OfFilters(action, FilterScope.Action)
            ?? OfFilters(action, FilterScope.Global),
        _ => OfFilters(action, FilterScope.Global),
    };

    public static bool IsIdempotencyFilter(IFilterMetadata filter) =>
        filter is IdempotencyFilter or IdempotentAttribute || IsGlobalFilter(filter);

    /// <summary>
    /// Whether <c>Filters.Add&lt;IdempotencyFilter&gt;()</c> or <c>Filters.AddService&lt;IdempotencyFilter&gt;()</c> added the filter.
    /// </summary>
    public static bool IsGlobalFilter(IFilterMetadata filter) => filter
        is TypeFilterAttribute { ImplementationType: var type } && type == typeof(IdempotencyFilter)
        || filter is ServiceFilterAttribute { ServiceType: var service } && service == typeof(IdempotencyFilter);

    private static IIdempotencyMarker? OfFilters(ActionDescriptor action, int scope)
    {
        foreach (var descriptor in action.FilterDescriptors)
        {
            if (descriptor.Scope != scope)
                continue;
            if (descriptor.Filter is IIdempotencyMarker marker)
                return marker;
            if (IsIdempotencyFilter(descriptor.Filter))
                return PolicyMarker.Default;
        }

        return null;
    }
}
