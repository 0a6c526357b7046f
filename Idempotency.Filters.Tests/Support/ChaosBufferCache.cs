using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace Idempotency.Filters.Tests.Support;

/// <summary>The same for a cache that reads and writes buffers. Its other methods must not be called.</summary>
internal sealed class ChaosBufferCache(IDistributedCache inner, Chaos chaos)
    : ChaosCache(inner, chaos), IBufferDistributedCache, IDistributedCache
{
    /// <summary>The buffers passed in.</summary>
    public List<IBufferWriter<byte>> Destinations { get; } = [];

    /// <summary>The values passed in. Each is valid only during its call.</summary>
    public List<ReadOnlySequence<byte>> Sources { get; } = [];

    Task<byte[]?> IDistributedCache.GetAsync(string key, CancellationToken token) => throw new NotSupportedException();

    Task IDistributedCache.SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token) =>
        throw new NotSupportedException();

    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default)
    {
        lock (Destinations)
            Destinations.Add(destination);
        return new(Chaos.RunAsync("get", async () =>
        {
            if (await Inner.GetAsync(key, CancellationToken.None) is not { } value)
                return false;

            destination.Write(value);
            return true;
        }));
    }

    public ValueTask SetAsync(
        string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        lock (Sources)
            Sources.Add(value);
        return new(Chaos.RunAsync("set", async () =>
        {
            // Reads the value only now, as late as a real cache may.
            await Inner.SetAsync(key, value.ToArray(), options, CancellationToken.None);
            return true;
        }));
    }

    public bool TryGet(string key, IBufferWriter<byte> destination) => throw new NotSupportedException();

    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options) => throw new NotSupportedException();
}
