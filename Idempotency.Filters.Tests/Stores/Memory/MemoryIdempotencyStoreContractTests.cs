using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Stores.Memory;

[TestFixture]
public class MemoryIdempotencyStoreContractTests : IdempotencyStoreContract
{
    private ManualTimeProvider _time = null!;

    protected override IIdempotencyStore CreateStore()
    {
        _time = new();
        return new MemoryIdempotencyStore(new(), _time, NullLogger<MemoryIdempotencyStore>.Instance);
    }

    protected override Task LetTimePassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }
}
