using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters;

/// <summary>The builder of <c>AddIdempotency()</c>.</summary>
internal sealed class IdempotencyBuilder(IServiceCollection services) : StoreBuilder(services, null), IIdempotencyBuilder;
