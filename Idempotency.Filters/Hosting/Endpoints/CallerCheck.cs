using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Hosting.Mvc;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.RazorPages.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>
/// Runs at start. Warns once of all covered endpoints whose callers share one scope, because neither authorization nor
/// <see cref="IdempotencyOptions.CallerId"/> tells them apart.
/// </summary>
internal static class CallerCheck
{
    public static void Run(IServiceProvider services, ILogger logger)
    {
        // An application's own provider may be a scoped service, for a database of policies.
        using var scope = services.CreateScope();
        if (IsUnfinished(scope.ServiceProvider))
            return;

        var fallback = scope.ServiceProvider.GetService<IAuthorizationPolicyProvider>()?.GetFallbackPolicyAsync().GetAwaiter().GetResult();
        var open = Covered(services)
            .Where(covered => covered.Policy.Options is { AnonymousCallers: AnonymousCallers.Warn, CallerId: null })
            .Where(covered => !AuthorizationReach.Of(covered.Metadata, covered.Action, fallback is not null))
            .Select(covered => covered.Name)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        if (open.Count > 0)
            Log.AnonymousCallersShare(logger, string.Join(", ", open));
    }

    /// <summary>Whether this is a developer's machine, and authentication is still to come.</summary>
    private static bool IsUnfinished(IServiceProvider services) =>
        services.GetService<IHostEnvironment>() is { } environment
        && environment.IsDevelopment()
        && services.GetService<IAuthenticationSchemeProvider>()?.GetAllSchemesAsync().GetAwaiter().GetResult().Any() is not true;

    private static IEnumerable<(string Name, IdempotencyPolicy Policy, IReadOnlyList<object> Metadata, ActionDescriptor? Action)> Covered(
        IServiceProvider services)
    {
        var policies = services.GetRequiredService<ActionPolicies>();
        var mapped = new HashSet<ActionDescriptor>();
        foreach (var endpoint in services.GetService<EndpointDataSource>()?.Endpoints ?? [])
        {
            if (endpoint.Metadata.GetMetadata<ActionDescriptor>() is { } action)
            {
                mapped.Add(action);
                // The attributes of a page model are known when the page is loaded. The loader caches it.
                var compiled = action is PageActionDescriptor page and not CompiledPageActionDescriptor
                    ? services.GetRequiredService<PageLoader>().LoadAsync(page, endpoint.Metadata).GetAwaiter().GetResult()
                    : action;
                if (policies.Of(compiled) is { } policy && IdempotencyActionDescriptorProvider.MayCover(compiled, policy))
                {
                    var metadata = (compiled as CompiledPageActionDescriptor)?.Endpoint?.Metadata ?? endpoint.Metadata;
                    yield return (action.DisplayName ?? action.Id, policy, metadata, compiled);
                }
            }
            else if (endpoint.Metadata.GetMetadata<CoveredEndpoint>()?.Policy is { } policy)
            {
                yield return (endpoint.DisplayName ?? "an endpoint", policy, endpoint.Metadata, null);
            }
        }

        // MVC without endpoint routing has actions and no endpoints.
        if (services.GetService<EndpointDataSource>() is { Endpoints.Count: > 0 })
            yield break;

        foreach (var action in services.GetService<IActionDescriptorCollectionProvider>()?.ActionDescriptors.Items ?? [])
        {
            if (action is not PageActionDescriptor
                && policies.Of(action) is { } policy
                && IdempotencyActionDescriptorProvider.MayCover(action, policy))
            {
                yield return (action.DisplayName ?? action.Id, policy, [.. action.EndpointMetadata ?? []], action);
            }
        }
    }
}
