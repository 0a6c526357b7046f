using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters;

/// <summary>Chooses one store: the default store on <see cref="IIdempotencyBuilder"/>, a named store inside <c>AddStore</c>.</summary>
public interface IIdempotencyStoreBuilder
{
    /// <summary>The services of the application.</summary>
    IServiceCollection Services { get; }

    /// <summary>The name of the store that the <c>Use...</c> calls configure; null = the default store.</summary>
    string? StoreName { get; }
}
