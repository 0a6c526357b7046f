using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters;

/// <summary>The builder of one store, which takes one <c>Use...</c> call.</summary>
internal class StoreBuilder(IServiceCollection services, string? storeName) : IIdempotencyStoreBuilder
{
    public IServiceCollection Services => services;

    public string? StoreName => storeName;

    public bool HasStore { get; private set; }

    /// <exception cref="InvalidOperationException">A store was chosen before: one of the two calls would do nothing.</exception>
    public void ChooseStore()
    {
        if (HasStore)
        {
            throw new InvalidOperationException(
                $"Two stores were chosen for {(storeName is null ? "the default store" : $"the store '{storeName}'")}, and only one can keep its "
                + "records. Remove one of the Use... calls, or add a further store under a name: AddStore(\"name\", store => store.Use...()).");
        }

        HasStore = true;
    }
}
