using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>Reads and writes markers and records in the cache. Uses pooled buffers if the cache supports them.</summary>
internal sealed class CacheEntries(IDistributedCache cache, CallLimit limit, TimeProvider timeProvider)
{
    // A cache can lose a TTL, so the envelope says when it expires too. The grace allows for clocks of other processes that differ.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    private readonly IBufferDistributedCache? _buffered = cache as IBufferDistributedCache;

    /// <returns>Null if there is no value, or only an expired one. The caller disposes it.</returns>
    /// <exception cref="InvalidDataException">This store cannot read the value.</exception>
    public async ValueTask<CacheEntry?> GetAsync(string key, CancellationToken cancellationToken)
    {
        var entry = _buffered is null
            ? await GetBytesAsync(key, cancellationToken)
            : await GetBufferAsync(_buffered, key, cancellationToken);
        if (entry?.Envelope.Expires is not { } expires || timeProvider.GetUtcNow() - Grace < expires)
            return entry;

        entry.Dispose();
        return null;
    }

    /// <summary>
    /// Replaces what the key holds, for <paramref name="lifetime"/> from now; null = forever. A call that failed is passed to
    /// <paramref name="onGivenUp"/>.
    /// </summary>
    public async ValueTask SetAsync(
        string key,
        CacheEntryKind kind,
        Guid claim,
        ReadOnlySequence<byte> record,
        TimeSpan? lifetime,
        Action<Task> onGivenUp,
        CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        // A lifetime beyond the last DateTimeOffset means forever. Never use a sliding expiration: a replay must not prolong the record.
        var lasts = lifetime < DateTimeOffset.MaxValue - now ? lifetime : null;
        var options = new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = lasts };
        var value = new CacheEnvelope(kind, claim, now + lasts).Wrap(record);
        await limit.RunAsync(
            async token =>
            {
                if (_buffered is null)
                    await cache.SetAsync(key, value.Sequence.ToArray(), options, token);
                else
                    await _buffered.SetAsync(key, value.Sequence, options, token);
                return true;
            },
            onGivenUp,
            cancellationToken);

        // No `using`: after a failed call the cache may still read the buffer.
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
        // No `using`: after a failed call the cache may still write to the buffer, and a returned entry reads from it.
        var buffer = new CacheBuffer();
        if (await limit.RunAsync(token => buffered.TryGetAsync(key, buffer, token).AsTask(), Forget, cancellationToken))
            return CacheEnvelope.Unwrap(buffer.Sequence, buffer);

        buffer.Dispose();
        return null;
    }

    private static void Forget(Task call) => _ = CallLimit.ForgetAsync(call);
}
