using Idempotency.Filters.Records;
using Idempotency.Filters.Responses;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters;

/// <summary>
/// A result that sends the stored response again, with the replay marker. It is both an <see cref="ActionResult"/> and an
/// <see cref="IResult"/>, so MVC actions and Minimal API handlers can return it.
/// </summary>
public sealed class IdempotencyReplay : ActionResult, IResult
{
    private readonly ResponseRecord _record;
    private readonly IdempotencyOptions _options;

    internal IdempotencyReplay(in ResponseRecord record, IdempotencyOptions options)
    {
        _record = record;
        _options = options;
    }

    /// <inheritdoc />
    public override Task ExecuteResultAsync(ActionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ExecuteAsync(context.HttpContext);
    }

    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        return ResponseReplay.SendAsync(httpContext, _record, _options);
    }
}
