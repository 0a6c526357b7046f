using Idempotency.Filters;
using Idempotency.Filters.Engine;
using Idempotency.Filters.Hosting.Endpoints;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds idempotency to Minimal API endpoints and groups.</summary>
public static class IdempotencyEndpointConventionBuilderExtensions
{
    /// <summary>
    /// Runs the endpoint, or each covered endpoint of the group, once per key and caller. Retries get the first answer.
    /// </summary>
    /// <remarks>
    /// The nearest marker wins: <c>[Idempotent]</c>, <c>[IdempotencyManual]</c> and <c>[IdempotencyExempt]</c> on the handler override a
    /// call on the endpoint, and a call on the endpoint overrides a call on its group. A replay skips endpoint filters, and any check made
    /// in them.
    /// <para>
    /// Call this last, on the endpoint. An endpoint filter that was added later, or that a member adds to a covered group, cannot be told
    /// from the handler: its 404 or 409 is kept like the handler's own, an exception that it maps looks like an answer, and no 400 or 422
    /// is kept unless the handler calls <see cref="IIdempotencyContext.Keep"/> or <see cref="IdempotencyOptions.ShouldStore"/> says so. The
    /// last of these holds as well where no endpoint filter can stand before the action: handlers that are a <see cref="RequestDelegate"/>,
    /// proxies, RPC and other frameworks. The start log names such endpoints (events 20 and 21).
    /// </para>
    /// </remarks>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="policy">The name of a policy added with <c>AddPolicy</c>; null = the settings of <c>AddIdempotency</c>.</param>
    /// <returns>The endpoint or group.</returns>
    /// <exception cref="InvalidOperationException">
    /// At once: it is the builder of a SignalR hub, or it is that of a group and <c>AddIdempotency</c> was not called. At start: the policy
    /// is unknown, the endpoint answers none of the covered methods, or the endpoint is an MVC action or a Razor Page (use
    /// <see cref="IdempotencyFilter"/> or <see cref="IdempotentAttribute"/> there). When the endpoints are built, which may be at the first
    /// request: <c>AddIdempotency</c> was not called.
    /// </exception>
    public static TBuilder RequireIdempotency<TBuilder>(this TBuilder builder, string? policy = null)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

        if (builder is HubEndpointConventionBuilder)
        {
            throw new InvalidOperationException(
                "RequireIdempotency() was called on a SignalR hub, whose calls are messages of one connection and have no key. "
                + "Remove the call, and let retried operations be requests of their own.");
        }

        // Only the builder of a group knows the services. For the others, EndpointHost.Wrap looks when their endpoints are built.
        if (builder is IEndpointRouteBuilder { ServiceProvider: var services }
            && services.GetService<IServiceProviderIsService>()?.IsService(typeof(IdempotencyEngine)) is false)
        {
            throw new InvalidOperationException(CoveredEndpoint.NoServices("A group of endpoints"));
        }

        builder.Add(endpoint => EndpointHost.Mark(endpoint, new PolicyMarker(policy, ofEndpoint: builder is RouteHandlerBuilder)));
        try
        {
            builder.Finally(EndpointHost.Wrap);
        }
        catch (NotImplementedException)
        {
            // A builder of another framework, such as YARP. It runs its conventions when the endpoint has its handler.
            builder.Add(EndpointHost.Wrap);
        }

        return builder;
    }
}
