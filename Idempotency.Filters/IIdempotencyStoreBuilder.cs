using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters;

/// <summary>Chooses one store: the default one on <see cref="IIdempotencyBuilder"/>, or a named one inside <c>AddStore</c>.</summary>
public interface IIdempotencyStoreBuilder
{
    /// <summary>The services of the application.</summary>
    IServiceCollection Services { get; }

    /// <summary>The name of the store that <c>Use...</c> calls configure; null = the default store.</summary>
    string? StoreName { get; }
}
