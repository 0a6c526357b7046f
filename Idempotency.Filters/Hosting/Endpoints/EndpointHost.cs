using System.Reflection;
using Idempotency.Filters.Engine;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>The host for Minimal APIs: wraps the request delegate of an endpoint after all conventions have run.</summary>
internal static class EndpointHost
{
    private static readonly HandlerCall<RequestDelegate> Execute = ExecuteAsync;
    private static readonly HandlerCall<RequestDelegate> ExecuteWithoutFilters = ExecuteWithoutFiltersAsync;

    public static void Mark(EndpointBuilder endpoint, PolicyMarker marker)
    {
        endpoint.Metadata.Add(marker);
        EndpointNote.AddTo(endpoint);
    }

    public static void Wrap(EndpointBuilder endpoint)
    {
        // A group and an endpoint in it may both ask; once is enough.
        if (endpoint.Metadata.OfType<Covered>().Any())
            return;

        var name = endpoint.DisplayName ?? "An endpoint";
        if (endpoint.Metadata.OfType<ActionDescriptor>().Any())
        {
            throw new InvalidOperationException(
                $"{name} is an MVC action or Razor Page: RequireIdempotency() would run before its authorization filters. "
                + "Use [Idempotent] on it, or options.Filters.Add<IdempotencyFilter>() for all.");
        }

        var engine = endpoint.ApplicationServices.GetService<IdempotencyEngine>() ?? throw new InvalidOperationException(
            $"{name} has RequireIdempotency(), but its services are missing: call builder.Services.AddIdempotency() in Program.cs.");
        var policy = PolicyOf(endpoint, name);
        endpoint.Metadata.Add(new Covered(policy, EndpointNote.Settle(endpoint)));
        if (policy is null || endpoint.RequestDelegate is not { } handler)
            return;

        // The endpoints of gRPC, SignalR and proxies have no filters. There, a request that reaches the endpoint has reached the handler.
        var execute = EndpointNote.IsInPlace(endpoint) ? Execute : ExecuteWithoutFilters;
        endpoint.RequestDelegate = http => IdempotencyEngine.Applies(http, policy)
            ? RunAsync(engine, http, policy, execute, handler)
            : handler(http);
    }

    /// <returns>The policy; null when the endpoint is exempt, or answers no covered method.</returns>
    private static IdempotencyPolicy? PolicyOf(EndpointBuilder endpoint, string name)
    {
        var policies = endpoint.ApplicationServices.GetRequiredService<IdempotencyPolicies>();
        var policy = policies.Build(MarkerOf(endpoint.Metadata, name, out var isOwn), name);
        if (policy is null)
            return null;

        if (MayCover(endpoint.Metadata, policy))
        {
            policies.NoteUse(policy);
            return policy;
        }

        // A group may hold such endpoints; one that was marked itself was meant to be covered.
        return !isOwn ? null : throw new InvalidOperationException(
            $"{name} is marked as idempotent, but answers none of the covered methods ({string.Join(", ", policy.Options.Methods)}): "
            + "remove the marker, or add the endpoint's method to Methods of its policy.");
    }

    private static IIdempotencyMarker? MarkerOf(IList<object> metadata, string name, out bool isOwn)
    {
        // Attributes of the handler stand first in the metadata, and are nearest all the same.
        var handler = metadata.OfType<MethodInfo>().FirstOrDefault();
        var own = handler is null ? null : MemberMarkers.OfMethod(handler, name);
        var marker = own ?? metadata.OfType<IIdempotencyMarker>().LastOrDefault();
        isOwn = own is not null || marker is PolicyMarker { OfEndpoint: true };
        return marker;
    }

    private static bool MayCover(IList<object> metadata, IdempotencyPolicy policy) =>
        policy.CoversAnyOf(metadata.OfType<IHttpMethodMetadata>().LastOrDefault()?.HttpMethods ?? []);

    private static async Task RunAsync(
        IdempotencyEngine engine, HttpContext http, IdempotencyPolicy policy, HandlerCall<RequestDelegate> execute, RequestDelegate handler)
    {
        if (await engine.RunAsync(http, policy, execute, handler) is { } rejection)
            await rejection.SendAsync(http);
    }

    private static async Task<Exception?> ExecuteAsync(HttpContext http, RequestDelegate handler)
    {
        await handler(http);
        return null;
    }

    private static Task<Exception?> ExecuteWithoutFiltersAsync(HttpContext http, RequestDelegate handler)
    {
        IdempotentRequest.NoteReached(http, isAssumed: true);
        return ExecuteAsync(http, handler);
    }

    /// <summary>Shows <see cref="EndpointCheck"/> that the markers of an endpoint have an effect, if only to exempt it.</summary>
    internal sealed record Covered(IdempotencyPolicy? Policy, EndpointReach Reach);
}
