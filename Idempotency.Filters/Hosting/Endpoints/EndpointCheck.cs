using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.ExceptionServices;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Hosting.Mvc;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.RazorPages.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>
/// Runs at start, when the endpoints are known. Builds every policy, and refuses markers that would do nothing: an endpoint that was meant
/// to be covered and is not would be noticed too late. Endpoints that are added later are checked when they come. The application runs by
/// then, so their failures are logged, and no other endpoint suffers.
/// </summary>
internal sealed class EndpointCheck(
    IdempotencyPolicies policies, ActionPolicies actionPolicies, IServiceProvider services, ILogger<EndpointCheck> logger) : IStartupFilter
{
    private const string TrimmedAway = "A method that was trimmed away cannot be called, so nobody means to cover it.";

    private readonly ConcurrentDictionary<string, bool> _logged = new(StringComparer.Ordinal);

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        next(app);
        var source = services.GetService<EndpointDataSource>();
        Check(source?.Endpoints ?? [], (_, failure) => ExceptionDispatchInfo.Throw(failure));

        // Last: only now we know whether an endpoint uses the settings without a name.
        var all = policies.BuildAll();
        if (!policies.IsAnyUsed)
            Log.NothingIsCovered(logger);
        CallerCheck.Run(services, logger);
        KeyPrefixCheck.Run(policies.IsAnyUsed ? all : [], services, logger);
        MemoryStoreCheck.Run(policies.IsAnyUsed ? all : [], services, logger);
        if (source is not null)
            ChangeToken.OnChange(source.GetChangeToken, () => Check(source.Endpoints, LogOnce));
    };

    private void Check(IReadOnlyList<Endpoint> endpoints, Action<string, Exception> fail)
    {
        var actions = ActionsWithoutEndpoints();
        foreach (var endpoint in endpoints)
        {
            switch (endpoint.Metadata.GetMetadata<ActionDescriptor>())
            {
                case ControllerActionDescriptor action:
                    actions.Add(action);
                    break;
                case PageActionDescriptor page:
                    Try(NameOf(page), fail, () => CheckPage(page, endpoint));
                    break;
                default:
                    Try(endpoint.DisplayName ?? "An endpoint", fail, () => CheckEndpoint(endpoint));
                    break;
            }
        }

        // An action with several routes, such as [HttpGet, HttpPost], has a descriptor for each: one that is covered suffices.
        foreach (var routes in actions.GroupBy(action => action.MethodInfo))
            Try(NameOf(routes.First()), fail, () => CheckAction([.. routes]));

        var methods = actions.Select(action => action.MethodInfo).ToHashSet();
        var controllers = actions.Select(action => action.ControllerTypeInfo.AsType()).ToHashSet();
        foreach (var type in controllers)
            Try(type.ToString(), fail, () => CheckMethods(type, methods.Contains, "is not an action"));

        var others = endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<ActionDescriptor>() is null);
        foreach (var handler in HandlerCheck.Handlers(others))
        {
            if (!controllers.Contains(handler.Key))
                Try(handler.Key.ToString(), fail, () => HandlerCheck.Check(handler.Key, [.. handler]));
        }
    }

    /// <summary>With <c>EnableEndpointRouting = false</c>, actions have no endpoints.</summary>
    private List<ControllerActionDescriptor> ActionsWithoutEndpoints() =>
        services.GetService<IOptions<MvcOptions>>()?.Value.EnableEndpointRouting is false
        && services.GetService<IActionDescriptorCollectionProvider>() is { } known
            ? [.. known.ActionDescriptors.Items.OfType<ControllerActionDescriptor>()]
            : [];

    private static void Try(string name, Action<string, Exception> fail, Action check)
    {
        try
        {
            check();
        }
        catch (Exception exception)
        {
            fail(name, exception);
        }
    }

    private void LogOnce(string endpoint, Exception failure)
    {
        if (_logged.TryAdd(failure.Message, true))
            Log.LateEndpointFails(logger, endpoint, failure.Message);
    }

    private static string NameOf(ActionDescriptor action) => action.DisplayName ?? action.Id;

    private void CheckAction(ControllerActionDescriptor[] routes)
    {
        var action = routes[0];
        if (actionPolicies.Of(action) is not { } policy)
            return;

        if (routes.Any(route => IdempotencyActionDescriptorProvider.MayCover(route, policy)))
        {
            StreamingEndpoint.Check(NameOf(action), [.. routes.SelectMany(route => route.EndpointMetadata)], policy);
            Log.Covered(logger, NameOf(action), policy.Name, $"{policy.Mode}");
        }
        else if (MemberMarkers.OfMethod(action.MethodInfo) is not null)
        {
            var answered = routes.SelectMany(IdempotencyActionDescriptorProvider.MethodsOf);
            throw new InvalidOperationException(UncoveredMethods.Describe(NameOf(action), [.. answered], policy));
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
        Log.Covered(logger, NameOf(page), policy.Name, $"{policy.Mode}");
    }

    private void CheckEndpoint(Endpoint endpoint)
    {
        if (endpoint.Metadata.GetMetadata<CoveredEndpoint>() is { } covered)
        {
            covered.Prepare(services);
            covered.Failure?.Throw();
            if (covered.Policy is not { } policy)
                return;

            StreamingEndpoint.Check(endpoint.DisplayName ?? "An endpoint", endpoint.Metadata, policy);
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
