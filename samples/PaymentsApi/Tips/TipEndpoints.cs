using Microsoft.AspNetCore.Http.HttpResults;
using PaymentsApi.OpenApi;

namespace PaymentsApi.Tips;

/// <summary>Tips as a Minimal API, with the same promise as the controllers.</summary>
internal static class TipEndpoints
{
    public static void MapTips(this IEndpointRouteBuilder endpoints)
    {
        var tips = endpoints.MapGroup("/tips").WithTags("Tips");
        tips.MapGet("/", (TipJar jar) => jar.All());
        tips.MapGet("/{id:guid}", Find);
        tips.MapPost("/", Create)
            .ProducesValidationProblem()
            .AddOpenApiOperationTransformer(IdempotencyKeyHeader.DescribeAsync)
            .RequireIdempotency();
    }

    private static Results<Ok<Tip>, NotFound> Find(Guid id, TipJar jar) =>
        jar.Find(id) is { } tip ? TypedResults.Ok(tip) : TypedResults.NotFound();

    private static Created<Tip> Create(CreateTip command, TipJar jar)
    {
        var tip = jar.Drop(command);
        return TypedResults.Created($"/tips/{tip.Id}", tip);
    }
}
