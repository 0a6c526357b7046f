using Idempotency.Filters;
using Idempotency.Filters.Hosting.Endpoints;
using Idempotency.Filters.Policies;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds idempotency to Minimal API endpoints and groups.</summary>
public static class IdempotencyEndpointConventionBuilderExtensions
{
    /// <summary>
    /// The endpoint, or every covered endpoint of the group, runs once for one key and one caller; retries get the first answer.
    /// </summary>
    /// <remarks>
    /// The nearest wins: <c>[Idempotent]</c>, <c>[IdempotencyManual]</c> and <c>[IdempotencyExempt]</c> on the handler go over a call on
    /// the endpoint, and that goes over a call on its group. Endpoint filters run inside: a check made in one does not run on a replay.
    /// A 4xx from an endpoint filter that was added after this call counts as the handler's own answer. So does
    /// every answer of endpoints that take no endpoint filters, such as those of proxies and remote procedure frameworks.
    /// </remarks>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="policy">The name of a policy given to <c>AddPolicy</c>; null = the settings of <c>AddIdempotency</c>.</param>
    /// <returns>The endpoint or group.</returns>
    /// <exception cref="InvalidOperationException">
    /// At start: <c>AddIdempotency</c> was not called, the policy is unknown, or the endpoint is an MVC action or Razor Page, which the filter covers;
    /// or it answers none of the covered methods.
    /// </exception>
    public static TBuilder RequireIdempotency<TBuilder>(this TBuilder builder, string? policy = null)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

        builder.Add(endpoint => EndpointHost.Mark(endpoint, new PolicyMarker(policy, ofEndpoint: builder is RouteHandlerBuilder)));
        builder.Finally(EndpointHost.Wrap);
        return builder;
    }
}
