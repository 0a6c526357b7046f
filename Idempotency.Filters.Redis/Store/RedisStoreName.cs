using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Redis.Store;

/// <summary>The name of a Redis store; null = the default one.</summary>
internal sealed record RedisStoreName(string? Value)
{
    /// <returns>Null when another Use method has replaced it since.</returns>
    public RedisIdempotencyStore? StoreIn(IServiceProvider services) =>
        (Value is null ? services.GetService<IIdempotencyStore>() : services.GetKeyedService<IIdempotencyStore>(Value))
        as RedisIdempotencyStore;

    public override string ToString() => Value is null ? "(default)" : $"\"{Value}\"";
}
