using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Store;

/// <summary>The name of a store in a database; null = the default one.</summary>
internal sealed record StoreName(string? Value)
{
    /// <returns>Null when another Use method has replaced it since.</returns>
    public EfIdempotencyStore? StoreIn(IServiceProvider services) =>
        (Value is null ? services.GetService<IIdempotencyStore>() : services.GetKeyedService<IIdempotencyStore>(Value))
        as EfIdempotencyStore;

    public override string ToString() => Value is null ? "(default)" : $"\"{Value}\"";
}
