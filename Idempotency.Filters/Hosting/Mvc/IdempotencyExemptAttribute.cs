using Idempotency.Filters.Policies;

namespace Idempotency.Filters;

/// <summary>Exempts an action, controller, page or endpoint: it runs every time, whatever key is sent.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class IdempotencyExemptAttribute : Attribute, IIdempotencyMarker
{
    string? IIdempotencyMarker.Policy => null;

    IdempotencyMode IIdempotencyMarker.Mode => IdempotencyMode.Exempt;

    Action<IdempotencyOptions>? IIdempotencyMarker.Overrides => null;
}
