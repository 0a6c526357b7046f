using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Hosting.Mvc;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.RazorPages.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>
/// Runs at start, when all endpoints are known. Builds every policy, and refuses markers that would do nothing: an endpoint that was meant
/// to be covered and is not would be noticed too late.
/// </summary>
internal sealed class EndpointCheck(
    IdempotencyPolicies policies, ActionPolicies actionPolicies, IServiceProvider services, ILogger<EndpointCheck> logger) : IStartupFilter
{
    private const string TrimmedAway = "A method that was trimmed away cannot be called, so nobody means to cover it.";

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        next(app);
        var seen = new HashSet<MethodInfo>();
        var types = new HashSet<Type>();
        var actions = new List<ControllerActionDescriptor>();
        foreach (var endpoint in services.GetService<EndpointDataSource>()?.Endpoints ?? [])
        {
            switch (endpoint.Metadata.GetMetadata<ActionDescriptor>())
            {
                case ControllerActionDescriptor action:
                    seen.Add(action.MethodInfo);
                    types.Add(action.ControllerTypeInfo);
                    actions.Add(action);
                    break;
                case PageActionDescriptor page:
                    CheckPage(page, endpoint);
                    break;
                default:
                    CheckEndpoint(endpoint);
                    break;
            }
        }

        CheckActions(actions);
        foreach (var type in types)
            CheckMethods(type, seen.Contains, "is not an action");

        // Last: only now we know whether an endpoint uses the settings without a name.
        policies.BuildAll();
        if (!policies.IsAnyUsed)
            Log.NothingIsCovered(logger);
    };

    private void CheckActions(List<ControllerActionDescriptor> actions)
    {
        // An action with several routes, such as [HttpGet, HttpPost], has a descriptor for each: one that is covered suffices.
        foreach (var routes in actions.GroupBy(action => action.MethodInfo))
        {
            var action = routes.First();
            if (actionPolicies.Of(action) is not { } policy)
                continue;

            if (routes.Any(route => IdempotencyActionDescriptorProvider.MayCover(route, policy)))
            {
                Log.Covered(logger, action.DisplayName ?? action.Id, policy.Name, $"{policy.Mode}");
            }
            else if (MemberMarkers.OfMethod(action.MethodInfo) is not null)
            {
                throw new InvalidOperationException(
                    $"{action.DisplayName} is marked as idempotent, but answers none of the covered methods "
                    + $"({string.Join(", ", policy.Options.Methods)}): "
                    + "remove the marker, or add the action's method with [Idempotent(Methods = [...])].");
            }
        }
    }

    private void CheckPage(PageActionDescriptor page, Endpoint endpoint)
    {
        // The loader caches the page. One that does not compile fails here instead of on its first request.
        var compiled = page as CompiledPageActionDescriptor
            ?? services.GetRequiredService<PageLoader>().LoadAsync(page, endpoint.Metadata).GetAwaiter().GetResult();
        CheckMethods(
            compiled.HandlerTypeInfo,
            _ => false,
            "is a handler of a Razor Page, and all handlers of a page are covered together: put the marker on the page model");
        if (actionPolicies.Of(compiled) is not { } policy)
            return;

        policies.NoteUse(policy);
        Log.Covered(logger, page.DisplayName ?? page.Id, policy.Name, $"{policy.Mode}");
    }

    private void CheckEndpoint(Endpoint endpoint)
    {
        if (endpoint.Metadata.GetMetadata<EndpointHost.Covered>() is { } covered)
        {
            if (covered.Policy is { } policy)
                LogCovered(endpoint.DisplayName ?? "An endpoint", policy, covered.Reach);
        }
        else if (endpoint.Metadata.GetMetadata<IdempotentAttribute>() is { } marker)
        {
            throw new InvalidOperationException(
                $"{endpoint.DisplayName} carries [{MemberMarkers.NameOf(marker)}], which does nothing by itself "
                + "on an endpoint that is not an MVC action: add .RequireIdempotency() to it.");
        }
    }

    private void LogCovered(string endpoint, IdempotencyPolicy policy, EndpointReach reach)
    {
        Log.Covered(logger, endpoint, policy.Name, $"{policy.Mode}");
        if (reach is EndpointReach.BehindFilters)
            Log.FiltersBehind(logger, endpoint);
        else if (reach is EndpointReach.Hidden)
            Log.HandlerIsHidden(logger, endpoint);
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = TrimmedAway)]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = TrimmedAway)]
    private static void CheckMethods(Type type, Func<MethodInfo, bool> isAction, string problem)
    {
        const BindingFlags Every = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        var methods = type.GetMethods(Every).AsEnumerable();

        // A type does not list the private and static methods of its bases.
        for (var level = type.BaseType; level is not null; level = level.BaseType)
        {
            var own = level.GetMethods(Every | BindingFlags.DeclaredOnly);
            methods = methods.Concat(own.Where(method => method.IsPrivate || method.IsStatic));
        }

        foreach (var method in methods)
        {
            if (!isAction(method) && method.IsDefined(typeof(IdempotentAttribute), inherit: true))
            {
                throw new InvalidOperationException(
                    $"{method.DeclaringType}.{method.Name} is marked as idempotent, but {problem}. "
                    + "The marker does nothing there: remove it.");
            }
        }
    }
}
