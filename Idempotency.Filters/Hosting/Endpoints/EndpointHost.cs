using System.Reflection;
using System.Runtime.ExceptionServices;
using Idempotency.Filters.Engine;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

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

        var covered = new Covered(endpoint.Metadata, name);
        // Wolverine and YARP build endpoints without the services of the application. The start check brings them, or the first request.
        if (endpoint.ApplicationServices.GetService<ILoggerFactory>() is not null)
            covered.Prepare(endpoint.ApplicationServices);
        // Without the services there is no start check either.
        if (covered.Engine is null)
            covered.Failure?.Throw();
        endpoint.Metadata.Add(covered);
        if (endpoint.RequestDelegate is not { } handler || covered is { IsPrepared: true, Policy: null, Failure: null })
            return;

        // The endpoints of gRPC, SignalR and proxies have no filters. There, a request that reaches the endpoint has reached the handler.
        var execute = endpoint.Metadata.OfType<Note>().Any(note => note.IsInPlace) ? Execute : ExecuteWithoutFilters;
        endpoint.RequestDelegate = http =>
        {
            covered.Prepare(http.RequestServices);
            covered.Failure?.Throw();
            return covered.Policy is { } policy && IdempotencyEngine.Applies(http, policy)
                ? RunAsync(covered.Engine!, http, policy, execute, handler)
                : handler(http);
        };
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
    private static IdempotencyPolicy? PolicyOf(IList<object> metadata, IServiceProvider services, string name)
    {
        var policies = services.GetRequiredService<IdempotencyPolicies>();
        var policy = policies.Build(MarkerOf(metadata, name, out var isOwn), name);
        if (policy is null)
            return null;

        if (MayCover(metadata, policy))
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
    internal sealed class Covered(IList<object> metadata, string name)
    {
        private volatile bool _isPrepared;

        public bool IsPrepared => _isPrepared;

        /// <summary>Null when it is exempt, or cannot be covered.</summary>
        public IdempotencyPolicy? Policy { get; private set; }

        /// <summary>Null before it is prepared, and when that failed.</summary>
        public IdempotencyEngine? Engine { get; private set; }

        /// <summary>Why its markers or settings cannot work; null when they can.</summary>
        public ExceptionDispatchInfo? Failure { get; private set; }

        /// <summary>Builds the policy, once. Never throws: an endpoint that cannot work must not keep others from being built.</summary>
        public void Prepare(IServiceProvider services)
        {
            if (_isPrepared)
                return;

            try
            {
                Engine = services.GetService<IdempotencyEngine>() ?? throw new InvalidOperationException(
                    $"{name} has RequireIdempotency(), but its services are missing: "
                    + "call builder.Services.AddIdempotency() in Program.cs.");
                Policy = PolicyOf(metadata, services, name);
            }
            catch (Exception exception)
            {
                Failure = ExceptionDispatchInfo.Capture(exception);
            }

            _isPrepared = true;
        }
    }
}
