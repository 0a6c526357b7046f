using Microsoft.Extensions.Caching.Distributed;

namespace Idempotency.Filters.Tests.Support;

/// <summary>A cache whose <c>get</c>, <c>set</c> and <c>remove</c> calls fail on demand. It ignores cancellation tokens.</summary>
internal class ChaosCache(IDistributedCache inner, Chaos chaos) : IDistributedCache
{
    public Chaos Chaos => chaos;

    public IDistributedCache Inner => inner;

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) =>
        chaos.RunAsync("get", async () => await inner.GetAsync(key, CancellationToken.None));

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        chaos.RunAsync("set", async () =>
        {
            await inner.SetAsync(key, value, options, CancellationToken.None);
            return true;
        });

    public Task RemoveAsync(string key, CancellationToken token = default) =>
        chaos.RunAsync("remove", async () =>
        {
            await inner.RemoveAsync(key, CancellationToken.None);
            return true;
        });

    public byte[]? Get(string key) => throw new NotSupportedException();

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => throw new NotSupportedException();

    public void Remove(string key) => throw new NotSupportedException();

    public void Refresh(string key) => throw new NotSupportedException();

    public Task RefreshAsync(string key, CancellationToken token = default) => throw new NotSupportedException();
}
