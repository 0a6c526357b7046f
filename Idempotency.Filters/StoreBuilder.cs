using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters;

/// <summary>The builder of one store. It accepts one <c>Use...</c> call.</summary>
internal class StoreBuilder(IServiceCollection services, string? storeName) : IIdempotencyStoreBuilder
{
    public IServiceCollection Services => services;

    public string? StoreName => storeName;

    public bool HasStore { get; private set; }

    /// <exception cref="InvalidOperationException">A store is already chosen, so one of the two calls would have no effect.</exception>
    public void ChooseStore()
    {
        if (HasStore)
        {
            throw new InvalidOperationException(
                $"Two Use... calls chose {(storeName is null ? "the default store" : $"the store '{storeName}'")}, but only one can keep "
                + "its records. Remove one of the calls, or add another store under a name: AddStore(\"name\", store => store.Use...()).");
        }

        HasStore = true;
    }
}
