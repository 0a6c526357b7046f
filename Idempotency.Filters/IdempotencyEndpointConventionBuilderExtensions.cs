using Idempotency.Filters;
using Idempotency.Filters.Hosting.Endpoints;
using Idempotency.Filters.Policies;

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
    /// in them. Call this after adding endpoint filters: a 4xx from a filter added later counts as the handler's own answer. So does every
    /// answer of an endpoint that takes no endpoint filters, such as one of a proxy or of an RPC framework.
    /// </remarks>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="policy">The name of a policy added with <c>AddPolicy</c>; null = the settings of <c>AddIdempotency</c>.</param>
    /// <returns>The endpoint or group.</returns>
    /// <exception cref="InvalidOperationException">
    /// At start: <c>AddIdempotency</c> was not called, the policy is unknown, the endpoint answers none of the covered methods, or the
    /// endpoint is an MVC action or a Razor Page (use <see cref="IdempotencyFilter"/> or <see cref="IdempotentAttribute"/> there).
    /// </exception>
    public static TBuilder RequireIdempotency<TBuilder>(this TBuilder builder, string? policy = null)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

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
