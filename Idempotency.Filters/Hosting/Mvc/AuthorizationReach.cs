using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Authorization;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>Whether any authorization runs before an endpoint. What it demands is not looked at.</summary>
internal static class AuthorizationReach
{
    /// <param name="metadata">The metadata of the endpoint.</param>
    /// <param name="action">The action or page of the endpoint; null when it has none.</param>
    /// <param name="hasFallback">Whether the application has a fallback policy.</param>
    public static bool Of(IReadOnlyList<object> metadata, ActionDescriptor? action, bool hasFallback)
    {
        var filters = (action?.FilterDescriptors ?? []).Select(descriptor => TypeOf(descriptor.Filter)).ToList();
        if (filters.Exists(IsOfTheApplication))
            return true;

        // An IAllowAnonymous switches off the middleware and the filter of the framework, and no other filter.
        return !metadata.OfType<IAllowAnonymous>().Any()
            && !filters.Exists(filter => filter.IsAssignableTo(typeof(IAllowAnonymousFilter)))
            && (hasFallback
                || metadata.Any(item => item is IAuthorizeData or AuthorizationPolicy or IAuthorizationRequirementData)
                || filters.Exists(filter => filter.IsAssignableTo(typeof(AuthorizeFilter))));
    }

    private static Type TypeOf(IFilterMetadata filter) => filter switch
    {
        TypeFilterAttribute attribute => attribute.ImplementationType,
        ServiceFilterAttribute attribute => attribute.ServiceType,
        _ => filter.GetType(),
    };

    /// <summary>
    /// Whether it is an authorization filter of the application's own. The framework has filters in this place that authorize nobody
    /// (antiforgery, HTTPS, CORS), and applications derive from them.
    /// </summary>
    private static bool IsOfTheApplication(Type filter)
    {
        if (!Authorizes(filter))
            return false;

        var origin = filter;
        while (origin.BaseType is { } parent && Authorizes(parent))
            origin = parent;
        return origin.Assembly.GetName().Name?.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) is not true;
    }

    private static bool Authorizes(Type type) =>
        type.IsAssignableTo(typeof(IAuthorizationFilter)) || type.IsAssignableTo(typeof(IAsyncAuthorizationFilter));
}
