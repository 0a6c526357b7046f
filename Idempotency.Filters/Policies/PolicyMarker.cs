using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Policies;

/// <summary>A marker that is no attribute: the global filter, or a call of <c>RequireIdempotency</c>.</summary>
internal sealed class PolicyMarker(string? policy, bool ofEndpoint = false) : IIdempotencyMarker
{
    public static readonly PolicyMarker Default = new(null);

    /// <summary>Whether it was said of one endpoint, and not of all in a group.</summary>
    public bool OfEndpoint => ofEndpoint;

    public string? Policy => policy;

    public IdempotencyMode Mode => IdempotencyMode.Replay;

    public Action<IdempotencyOptions>? Overrides => null;
}
