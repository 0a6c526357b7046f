namespace Idempotency.Filters.Policies;

/// <summary>A marker that is not an attribute: the global filter or a call of <c>RequireIdempotency</c>.</summary>
internal sealed class PolicyMarker(string? policy, bool ofEndpoint = false) : IIdempotencyMarker
{
    public static readonly PolicyMarker Default = new(null);

    /// <summary>Whether the call was made on one endpoint, not on a group.</summary>
    public bool OfEndpoint => ofEndpoint;

    public string? Policy => policy;

    public IdempotencyMode Mode => IdempotencyMode.Replay;

    public Action<IdempotencyOptions>? Overrides => null;
}
