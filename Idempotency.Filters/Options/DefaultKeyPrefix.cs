using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Idempotency.Filters.Options;

/// <summary>
/// <c>idempotency:{ApplicationName}:</c>, the prefix of storage keys while <see cref="IdempotencyOptions.KeyPrefix"/> is not set. So two
/// applications in one store do not share keys.
/// </summary>
internal sealed class DefaultKeyPrefix(IServiceProvider services)
{
    // Everything but letters, digits and -._~ is escaped, one to one. So a name cannot mean more in a pattern of an ACL (* ? [ ] \ and
    // spaces), choose the node of a cluster ({ }), or reach into the prefix of another application (:).
    public string Value { get; } = services.GetService<IHostEnvironment>()?.ApplicationName is { Length: > 0 } name
        ? $"idempotency:{Uri.EscapeDataString(name)}:"
        : "idempotency:";
}
