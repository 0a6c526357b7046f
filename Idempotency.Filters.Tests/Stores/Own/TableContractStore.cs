using Idempotency.Filters.Stores;
using Shop;

namespace Idempotency.Filters.Tests.Stores.Own;

internal sealed class TableContractStore : INotFencingStore
{
    // The pauses between two looks pass in real time: the tests do not advance the clock for each.
    private readonly TestClock _time = new() { PassInRealTime = TimeSpan.FromSeconds(1) };

    public IIdempotencyStore Store { get; private set; } = null!;

    public TimeSpan Lease => TimeSpan.FromSeconds(30);

    public TimeSpan Retention => TimeSpan.FromMinutes(10);

    public Task StartAsync()
    {
        Store = new TableStore(_time);
        return Task.CompletedTask;
    }

    public Task LetTimePassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => default;
}
