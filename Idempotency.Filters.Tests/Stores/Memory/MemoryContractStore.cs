using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Stores.Memory;

internal sealed class MemoryContractStore : IFencingStore, ICompareAndSetStore, IForgettingStore, IListingStore
{
    private readonly FakeTimeProvider _time = new();

    public IIdempotencyStore Store { get; private set; } = null!;

    public TimeSpan Lease => TimeSpan.FromSeconds(30);

    public TimeSpan Retention => TimeSpan.FromMinutes(10);

    public Task StartAsync()
    {
        Store = new MemoryIdempotencyStore(new(), _time, NullLogger<MemoryIdempotencyStore>.Instance);
        return Task.CompletedTask;
    }

    public Task LetTimePassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => default;
}
