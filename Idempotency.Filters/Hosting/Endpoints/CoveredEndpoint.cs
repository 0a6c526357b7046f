using System.Reflection;
using System.Runtime.ExceptionServices;
using Idempotency.Filters.Engine;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>
/// Stands in the metadata of an endpoint with <c>RequireIdempotency()</c>, and builds its policy once the services are there.
/// <see cref="EndpointCheck"/> sees by it that the markers of the endpoint have an effect, if only to exempt it.
/// </summary>
internal sealed class CoveredEndpoint(IList<object> metadata, string name, EndpointReach reach)
{
    private volatile bool _isPrepared;

    /// <summary>How well the host sees whether a request reaches the handler.</summary>
    public EndpointReach Reach => reach;

    public bool IsPrepared => _isPrepared;

    /// <summary>Null when it is exempt, or cannot be covered.</summary>
    public IdempotencyPolicy? Policy { get; private set; }

    /// <summary>Null before it is prepared, and when that failed.</summary>
    public IdempotencyEngine? Engine { get; private set; }

    /// <summary>Why its markers or settings cannot work; null when they can.</summary>
    public ExceptionDispatchInfo? Failure { get; private set; }

    public static string NoServices(string endpoint) =>
        $"{endpoint} has RequireIdempotency(), but its services are missing: call builder.Services.AddIdempotency() in Program.cs.";

    /// <summary>Builds the policy, once. Never throws: an endpoint that cannot work must not keep others from being built.</summary>
    public void Prepare(IServiceProvider services)
    {
        if (_isPrepared)
            return;

        try
        {
            Engine = services.GetService<IdempotencyEngine>() ?? throw new InvalidOperationException(NoServices(name));
            Policy = PolicyOf(metadata, services, name);
        }
        catch (Exception exception)
        {
            Failure = ExceptionDispatchInfo.Capture(exception);
        }

        _isPrepared = true;
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
        return !isOwn ? null : throw new InvalidOperationException(UncoveredMethods.Describe(name, MethodsOf(metadata), policy));
    }

    private static IIdempotencyMarker? MarkerOf(IList<object> metadata, string name, out bool isOwn)
    {
        // Attributes of the handler stand first in the metadata, and are nearest all the same.
        var handler = metadata.OfType<MethodInfo>().FirstOrDefault();
        var own = handler is null ? null : MemberMarkers.OfMethod(handler, name);
        var marker = own ?? HandlerCheck.PassedOn(metadata) ?? metadata.OfType<IIdempotencyMarker>().LastOrDefault();
        isOwn = own is not null || marker is PolicyMarker { OfEndpoint: true };
        return marker;
    }

    private static bool MayCover(IList<object> metadata, IdempotencyPolicy policy) =>
        !Transport.Is(metadata) && policy.CoversAnyOf(MethodsOf(metadata));

    private static IReadOnlyList<string> MethodsOf(IList<object> metadata) =>
        metadata.OfType<IHttpMethodMetadata>().LastOrDefault()?.HttpMethods ?? [];
}
