using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Contract;

/// <summary>Over a real database that the tests of the contract share, in real time.</summary>
internal abstract class EfContractStore : IFencingStore, ICompareAndSetStore, IForgettingStore, IListingStore
{
    private EfStores _stores = null!;

    public IIdempotencyStore Store => _stores.Store;

    public TimeSpan Lease => TimeSpan.FromSeconds(8);

    public TimeSpan Retention => TimeSpan.FromSeconds(12);

    public async Task StartAsync()
    {
        var connectionString = await ConnectionStringAsync();
        _stores = EfStores.Over(database => Use(database, connectionString));
    }

    // A little more: the store begins to count a moment after the test.
    public Task LetTimePassAsync(TimeSpan time) => Task.Delay(time + TimeSpan.FromMilliseconds(60));

    public async ValueTask DisposeAsync()
    {
        if (_stores is not null)
            await _stores.DisposeAsync();
    }

    protected abstract Task<string> ConnectionStringAsync();

    protected abstract void Use(DbContextOptionsBuilder database, string connectionString);
}
