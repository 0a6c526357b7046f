namespace Idempotency.Filters.Policies;

/// <summary>What an attribute, or a call of <c>RequireIdempotency</c>, says about the endpoint that carries it.</summary>
internal interface IIdempotencyMarker
{
    string? Policy { get; }

    IdempotencyMode Mode { get; }

    /// <summary>Settings that go over the policy's; null = none.</summary>
    Action<IdempotencyOptions>? Overrides { get; }
}
