using Idempotency.Filters.Policies;

namespace Idempotency.Filters;

/// <summary>
/// Makes the action run on every request, one request per key at a time. The action decides what a repeat gets, through
/// <see cref="IIdempotencyContext"/>. The answer to a repeat replaces the record only if the action calls
/// <see cref="IIdempotencyContext.Keep"/>.
/// </summary>
/// <remarks>
/// On a repeat, the request body is read into memory before the action runs, so that <see cref="IIdempotencyContext.RequestMatches"/> is
/// known. A body of more than <see cref="IdempotencyOptions.MaxBufferedBodySize"/> bytes gets 413.
/// </remarks>
/// <param name="policy">The name of a policy added with <c>AddPolicy</c>; null = the settings of <c>AddIdempotency</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class IdempotencyManualAttribute(string? policy = null) : IdempotentAttribute(policy)
{
    private protected override IdempotencyMode Mode => IdempotencyMode.Manual;
}
