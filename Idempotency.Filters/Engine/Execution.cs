using System.Buffers;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Engine;

/// <summary>Runs what the host wraps: the action, and whatever stands between. Returns an exception that the host lets flow on by itself.</summary>
/// <param name="http">The request.</param>
/// <param name="next">What the host gave along, so that it need not make a closure for each request.</param>
internal delegate Task<Exception?> Execution(HttpContext http, object next);
