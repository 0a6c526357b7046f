using Idempotency.Filters.Engine;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc.Abstractions;
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
        endpoint.Metadata.Add(marker);
        EndpointNote.AddTo(endpoint);
    }

    public static void Wrap(EndpointBuilder endpoint)
    {
        // A group and an endpoint in it may both ask; once is enough.
        if (endpoint.Metadata.OfType<CoveredEndpoint>().Any())
            return;

        var name = endpoint.DisplayName ?? "An endpoint";
        if (endpoint.Metadata.OfType<ActionDescriptor>().Any())
        {
            throw new InvalidOperationException(
                $"{name} is an MVC action or Razor Page: RequireIdempotency() would run before its authorization filters. "
                + "Use [Idempotent] on it, or options.Filters.Add<IdempotencyFilter>() for all.");
        }

        var covered = new CoveredEndpoint(endpoint.Metadata, name, EndpointNote.Settle(endpoint));
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
        var execute = EndpointNote.IsInPlace(endpoint) ? Execute : ExecuteWithoutFilters;
        endpoint.RequestDelegate = http =>
        {
            covered.Prepare(http.RequestServices);
            covered.Failure?.Throw();
            return covered.Policy is { } policy && IdempotencyEngine.Applies(http, policy)
                ? RunAsync(covered.Engine!, http, policy, execute, handler)
                : handler(http);
        };
    }

    private static async Task RunAsync(
        IdempotencyEngine engine, HttpContext http, IdempotencyPolicy policy, HandlerCall<RequestDelegate> execute, RequestDelegate handler)
    {
        if (await engine.RunAsync(http, policy, execute, handler) is { } rejection)
            await rejection.SendAsync();
    }

    private static async Task<HandlerFailure?> ExecuteAsync(HttpContext http, RequestDelegate handler)
    {
        await handler(http);
        return null;
    }

    private static Task<HandlerFailure?> ExecuteWithoutFiltersAsync(HttpContext http, RequestDelegate handler)
    {
        IdempotentRequest.NoteReached(http, isAssumed: true);
        return ExecuteAsync(http, handler);
    }
}
