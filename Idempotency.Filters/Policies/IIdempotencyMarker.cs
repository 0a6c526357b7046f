namespace Idempotency.Filters.Policies;

/// <summary>What an attribute or a call of <c>RequireIdempotency</c> says about its endpoint.</summary>
internal interface IIdempotencyMarker
{
    string? Policy { get; }

    IdempotencyMode Mode { get; }

    /// <summary>Overrides settings of the policy; null = none.</summary>
    Action<IdempotencyOptions>? Overrides { get; }
}
