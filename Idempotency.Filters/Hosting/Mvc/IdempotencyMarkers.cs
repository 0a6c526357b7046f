using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>
/// Finds the marker that counts for an endpoint: the nearest level wins (action, controller or page, global), and on one level the most
/// derived type or override. Two markers on one level contradict each other.
/// </summary>
/// <remarks>MVC's own "last filter wins" cannot be used: it depends on <c>Order</c>, and an exemption is no filter.</remarks>
internal static class IdempotencyMarkers
{
    public static IIdempotencyMarker? Of(ActionDescriptor action) => action switch
    {
        ControllerActionDescriptor controller =>
            OfMethod(controller.MethodInfo)
            ?? OfFilters(action, FilterScope.Action)
            ?? OfType(controller.ControllerTypeInfo)
            ?? OfFilters(action, FilterScope.Controller)
            ?? OfFilters(action, FilterScope.Global),
        CompiledPageActionDescriptor page =>
            OfType(page.HandlerTypeInfo)
            ?? OfType(page.PageTypeInfo)
            ?? OfFilters(action, FilterScope.Action)
            ?? OfFilters(action, FilterScope.Global),
        _ => OfFilters(action, FilterScope.Global),
    };

    public static IIdempotencyMarker? OfMethod(MethodInfo method, string? name = null)
    {
        for (MethodInfo? level = method; level is not null; level = Overridden(level))
        {
            if (Single(level.GetCustomAttributes(inherit: false), name ?? $"{level.DeclaringType}.{level.Name}") is { } marker)
                return marker;
        }

        return null;
    }

    public static IIdempotencyMarker? OfType(Type type)
    {
        for (Type? level = type; level is not null; level = level.BaseType)
        {
            if (Single(level.GetCustomAttributes(inherit: false), level.ToString()) is { } marker)
                return marker;
        }

        return null;
    }

    public static bool IsIdempotencyFilter(IFilterMetadata filter) => filter is IdempotencyFilter or IdempotentAttribute || IsGlobalFilter(filter);

    /// <summary>The form that <c>Filters.Add&lt;IdempotencyFilter&gt;()</c> and <c>AddService</c> give the filter.</summary>
    public static bool IsGlobalFilter(IFilterMetadata filter) => filter
        is TypeFilterAttribute { ImplementationType: var type } && type == typeof(IdempotencyFilter)
        || filter is ServiceFilterAttribute { ServiceType: var service } && service == typeof(IdempotencyFilter);

    /// <summary>An attribute as it is written in code.</summary>
    public static string NameOf(IIdempotencyMarker marker) => marker.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal);

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

    private static IIdempotencyMarker? Single(object[] attributes, string place)
    {
        IIdempotencyMarker? single = null;
        foreach (var marker in attributes.OfType<IIdempotencyMarker>())
        {
            if (single is not null)
            {
                throw new InvalidOperationException(
                    $"{place} carries both [{NameOf(single)}] and [{NameOf(marker)}], which contradict each other: remove one of them.");
            }

            single = marker;
        }

        return single;
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Action methods are kept by MVC; a base that was trimmed away carries no marker.")]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Action methods are kept by MVC; a base that was trimmed away carries no marker.")]
    private static MethodInfo? Overridden(MethodInfo method)
    {
        var root = method.GetBaseDefinition();
        if (root == method)
            return null;

        for (var type = method.DeclaringType?.BaseType; type is not null; type = type.BaseType)
        {
            var candidate = type
                .GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
                .FirstOrDefault(candidate => candidate.GetBaseDefinition() == root);
            if (candidate is not null)
                return candidate;
        }

        return null;
    }
}
