using Idempotency.Filters;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace PaymentsApi.OpenApi;

/// <summary>Shows in the OpenAPI document which operations need a key.</summary>
internal static class IdempotencyKeyHeader
{
    /// <summary>Adds the header to controller actions that carry <see cref="IdempotentAttribute"/>.</summary>
    public static Task DescribeMarkedAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken) =>
        context.Description.ActionDescriptor.EndpointMetadata.OfType<IdempotentAttribute>().Any()
            ? DescribeAsync(operation, context, cancellationToken)
            : Task.CompletedTask;

    /// <summary>Adds the header to one endpoint.</summary>
    public static Task DescribeAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = "Idempotency-Key",
            In = ParameterLocation.Header,
            Required = true,
            Description = "A value unique to the operation, such as a UUID; the same value with each retry.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 255 },
        });
        return Task.CompletedTask;
    }
}
