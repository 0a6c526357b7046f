using Idempotency.Filters.Policies;

namespace Idempotency.Filters;

/// <summary>
/// The action always runs, and decides through <see cref="IIdempotencyContext"/> what a repeat gets. One request per key at a time; a repeat's
/// answer does not replace the record unless the action calls <see cref="IIdempotencyContext.Keep"/>.
/// </summary>
/// <remarks>
/// On a repeat the request body is read into memory before the action runs, so that <see cref="IIdempotencyContext.RequestMatches"/> is
/// known: at most <see cref="IdempotencyOptions.MaxBufferedBodySize"/> bytes, and 413 above.
/// </remarks>
/// <param name="policy">The name of a policy given to <c>AddPolicy</c>; null = the settings of <c>AddIdempotency</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class IdempotencyManualAttribute(string? policy = null) : IdempotentAttribute(policy)
{
    private protected override IdempotencyMode Mode => IdempotencyMode.Manual;
}
