using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>The cache, as markers and records. Buffer-based where the cache is.</summary>
internal sealed class CacheEntries(IDistributedCache cache, CallLimit limit, TimeProvider timeProvider)
{
    // A cache can lose a TTL; and the clocks of two processes differ, but not by as much.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    private readonly IBufferDistributedCache? _buffered = cache as IBufferDistributedCache;

    /// <returns>Null when there is nothing, or nothing that still counts. The caller disposes it.</returns>
    /// <exception cref="InvalidDataException">There is something that this store cannot read.</exception>
    public async ValueTask<CacheEntry?> GetAsync(string key, CancellationToken cancellationToken)
    {
        var entry = _buffered is null ? await GetBytesAsync(key, cancellationToken) : await GetBufferAsync(_buffered, key, cancellationToken);
        if (entry?.Envelope.Expires is not { } expires || timeProvider.GetUtcNow() - Grace < expires)
            return entry;

        entry.Dispose();
        return null;
    }

    /// <summary>Replaces what the key holds, for <paramref name="lifetime"/> from now; null = for ever. A call that failed goes to <paramref name="left"/>.</summary>
    public async ValueTask SetAsync(
        string key,
        CacheEntryKind kind,
        Guid claim,
        ReadOnlySequence<byte> record,
        TimeSpan? lifetime,
        Action<Task> left,
        CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        // What the calendar does not hold is as good as for ever. Never sliding: a replay must not prolong it.
        var lasts = lifetime < DateTimeOffset.MaxValue - now ? lifetime : null;
        var options = new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = lasts };
        var value = new CacheEnvelope(kind, claim, now, now + lasts).Wrap(record);
        await limit.RunAsync(
            async token =>
            {
                if (_buffered is null)
                    await cache.SetAsync(key, value.Sequence.ToArray(), options, token);
                else
                    await _buffered.SetAsync(key, value.Sequence, options, token);
                return true;
            },
            left,
            cancellationToken);

        // No using: a call that failed may still read.
        value.Dispose();
    }

    public async ValueTask RemoveAsync(string key, CancellationToken cancellationToken) => await limit.RunAsync(
        async token =>
        {
            await cache.RemoveAsync(key, token);
            return true;
        },
        Forget,
        cancellationToken);

    private async ValueTask<CacheEntry?> GetBytesAsync(string key, CancellationToken cancellationToken) =>
        await limit.RunAsync(token => cache.GetAsync(key, token), Forget, cancellationToken) is { } bytes
            ? CacheEnvelope.Unwrap(new(bytes), null)
            : null;

    private async ValueTask<CacheEntry?> GetBufferAsync(IBufferDistributedCache buffered, string key, CancellationToken cancellationToken)
    {
        // No using: a call that failed may still write, and an entry reads from it.
        var buffer = new CacheBuffer();
        if (await limit.RunAsync(token => buffered.TryGetAsync(key, buffer, token).AsTask(), Forget, cancellationToken))
            return CacheEnvelope.Unwrap(buffer.Sequence, buffer);

        buffer.Dispose();
        return null;
    }

    private static void Forget(Task call) => _ = CallLimit.ForgetAsync(call);
}
