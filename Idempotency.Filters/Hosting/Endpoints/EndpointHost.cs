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
        var note = new Note();
        endpoint.Metadata.Add(marker);
        endpoint.Metadata.Add(note);
        endpoint.FilterFactories.Add((_, next) =>
        {
            note.IsInPlace = true;
            return invocation => NoteAsync(invocation, next);
        });
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
        endpoint.Metadata.Add(new Covered(policy));
        if (policy is null || endpoint.RequestDelegate is not { } handler)
            return;

        // The endpoints of gRPC, SignalR and proxies have no filters. There, a request that reaches the endpoint has reached the handler.
        var execute = endpoint.Metadata.OfType<Note>().Any(note => note.IsInPlace) ? Execute : ExecuteWithoutFilters;
        endpoint.RequestDelegate = http => IdempotencyEngine.Applies(http, policy)
            ? RunAsync(engine, http, policy, execute, handler)
            : handler(http);
    }

    /// <summary>
    /// The endpoint filter that notes that the handler is reached. Filters also run after a failed binding, which has set a 400.
    /// </summary>
    private static async ValueTask<object?> NoteAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        if (invocation.HttpContext.Response.StatusCode == StatusCodes.Status400BadRequest)
            return await next(invocation);

        IdempotentRequest.NoteReached(invocation.HttpContext);
        var result = await next(invocation);
        IdempotentRequest.NoteReturned(invocation.HttpContext);
        return result;
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
            await rejection.SendAsync();
    }

    private static async Task<Exception?> ExecuteAsync(HttpContext http, RequestDelegate handler)
    {
        await handler(http);
        return null;
    }

    private static Task<Exception?> ExecuteWithoutFiltersAsync(HttpContext http, RequestDelegate handler)
    {
        IdempotentRequest.NoteReached(http);
        return ExecuteAsync(http, handler);
    }

    /// <summary>Whether an endpoint was built with its filters, and so with the one that notes that the handler is reached.</summary>
    private sealed class Note
    {
        public bool IsInPlace { get; set; }
    }

    /// <summary>Shows <see cref="EndpointCheck"/> that the markers of an endpoint have an effect, if only to exempt it.</summary>
    internal sealed record Covered(IdempotencyPolicy? Policy);
}
