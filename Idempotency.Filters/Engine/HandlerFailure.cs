namespace Idempotency.Filters.Engine;

/// <summary>An exception that the host holds.</summary>
/// <param name="Exception">What the handler threw.</param>
/// <param name="Forget">Makes the host rethrow nothing, because the request has another answer.</param>
internal sealed record HandlerFailure(Exception Exception, Action Forget);
