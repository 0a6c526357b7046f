using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Stores.Memory;

/// <summary>Over the store in memory, as if it were somewhere else.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class MemoryChaosTests : ChaosContract
{
    protected override string Claim => "claim";

    protected override string Complete => "complete";

    protected override string Release => "release";

    protected override void UseStore(IIdempotencyBuilder idempotency)
    {
        var memory = new MemoryIdempotencyStore(new(), TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);
        idempotency.UseStore((_, _) => new ChaosStore(memory, Chaos));
    }
}
