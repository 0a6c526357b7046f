namespace Idempotency.Filters.Engine;

/// <summary>Runs what the host wraps: the handler, and the filters that stand between it and the engine.</summary>
/// <typeparam name="TNext">What the host passes along, so that it makes no closure for each request.</typeparam>
/// <param name="http">The request.</param>
/// <param name="next">What the host passed along.</param>
/// <returns>An exception that the host holds, and rethrows by itself; null when there is none.</returns>
internal delegate Task<HandlerFailure?> HandlerCall<in TNext>(HttpContext http, TNext next);
