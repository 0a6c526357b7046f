using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters;

/// <summary>Configures idempotency further: policies, and the store.</summary>
public interface IIdempotencyBuilder
{
    /// <summary>The services of the application.</summary>
    IServiceCollection Services { get; }

    /// <summary>The name of the store that <c>Use...</c> calls configure; null = the default store.</summary>
    string? StoreName { get; }
}
