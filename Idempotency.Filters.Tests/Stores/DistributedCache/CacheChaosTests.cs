using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>
/// The cache fails, but the lock does not. If interrupted keys are blocked, a claim sets a marker and a release removes it.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class CacheChaosTests : ChaosContract
{
    protected override string Claim => "set";

    protected override string Complete => "set";

    protected override string Release => "remove";

    protected override void UseStore(IIdempotencyBuilder idempotency)
    {
        idempotency.Services.AddSingleton<IDistributedCache>(new ChaosCache(MemoryCaches.Create(), Chaos));
        idempotency.UseDistributedCache(options => options.OperationTimeout = TimeSpan.FromSeconds(1));
    }
}
