using Idempotency.Filters.Policies;
using Idempotency.Filters.Responses;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>
/// Refuses transactional policies on endpoints that say of themselves that they stream: nothing may leave before the commit, so each of
/// their answers would be rolled back.
/// </summary>
internal static class StreamingEndpoint
{
    // gRPC frames its answers by itself, and ends them with trailers. The core does not refer to its packages.
    private const string GrpcMethod = "Grpc.AspNetCore.Server.GrpcMethodMetadata";

    /// <exception cref="InvalidOperationException">The policy is transactional, and the endpoint streams.</exception>
    public static void Check(string endpoint, IReadOnlyList<object> metadata, IdempotencyPolicy policy)
    {
        if (policy.Options.Transactional && metadata.Any(Streams))
        {
            throw new InvalidOperationException(
                $"{endpoint} streams its answers, but idempotency policy {policy.Name} is Transactional: an answer must be held until its "
                + "transaction is committed. Give the endpoint a policy that is not Transactional, or remove the marker.");
        }
    }

    private static bool Streams(object metadata) => metadata switch
    {
        IProducesResponseTypeMetadata produces => produces.ContentTypes.Any(ResponseBodies.IsEventStream),
        ProducesAttribute produces => produces.ContentTypes.Any(ResponseBodies.IsEventStream),
        _ => metadata.GetType().FullName == GrpcMethod,
    };
}
