using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>The name of a store of one kind; null = the default one.</summary>
internal sealed record StoreName<TStore>(string? Value)
    where TStore : class, IIdempotencyStore
{
    /// <returns>Null when another Use method has replaced it since.</returns>
    public TStore? StoreIn(IServiceProvider services) =>
        (Value is null ? services.GetService<IIdempotencyStore>() : services.GetKeyedService<IIdempotencyStore>(Value)) as TStore;

    public override string ToString() => Value is null ? "(default)" : $"\"{Value}\"";
}
