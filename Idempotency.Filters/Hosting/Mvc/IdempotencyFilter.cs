using Idempotency.Filters.Engine;
using Idempotency.Filters.Hosting.Mvc;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters;

/// <summary>
/// Runs covered actions and pages once per key and caller. Added globally with <c>options.Filters.Add&lt;IdempotencyFilter&gt;()</c>, it
/// covers every action that is not exempt. <see cref="IdempotentAttribute"/> and <see cref="IdempotencyManualAttribute"/> add it where they
/// are applied.
/// </summary>
/// <remarks>
/// It is a resource filter: before a replay, authorization filters run; model binding and the action do not. It is stateless and reusable.
/// </remarks>
public sealed class IdempotencyFilter : IAsyncResourceFilter
{
    private static readonly HandlerCall<ResourceExecutionDelegate> Execute = ExecuteAsync;

    private readonly IdempotencyEngine _engine;
    private readonly ActionPolicies _policies;

    /// <summary>Creates the filter. Called by MVC.</summary>
    /// <param name="services">The services of the application.</param>
    /// <exception cref="InvalidOperationException"><c>AddIdempotency</c> was not called.</exception>
    public IdempotencyFilter(IServiceProvider services)
    {
        _engine = services.GetService<IdempotencyEngine>() ?? throw new InvalidOperationException(
            "The services of Idempotency.Filters are missing: call builder.Services.AddIdempotency() in Program.cs.");
        _policies = services.GetRequiredService<ActionPolicies>();
    }

    /// <inheritdoc />
    public Task OnResourceExecutionAsync(ResourceExecutingContext context, ResourceExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);

        var policy = _policies.Of(context.ActionDescriptor);
        return policy is null || !IdempotencyEngine.Applies(context.HttpContext, policy)
            ? next()
            : RunAsync(context, policy, next);
    }

    private async Task RunAsync(ResourceExecutingContext context, IdempotencyPolicy policy, ResourceExecutionDelegate next)
    {
        if (await _engine.RunAsync(context.HttpContext, policy, Execute, next) is { } rejection)
            context.Result = await RejectionResult.CreateAsync(rejection, context.HttpContext);
    }

    // Returned, not thrown: MVC rethrows the exceptions that it holds in the context.
    private static async Task<HandlerFailure?> ExecuteAsync(HttpContext http, ResourceExecutionDelegate next)
    {
        var executed = await next();
        IdempotentRequest.NoteResult(http, executed.Result);
        return executed is { ExceptionHandled: false, Exception: { } exception }
            ? new(exception, () => executed.ExceptionHandled = true)
            : null;
    }
}
