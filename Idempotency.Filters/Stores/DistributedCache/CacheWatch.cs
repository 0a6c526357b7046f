using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>Polls a key, because neither a cache nor a lock reports a change: often at first, then less and less.</summary>
internal sealed class CacheWatch(CacheIdempotencyStore store, string key, TimeProvider timeProvider) : KeyWatch
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private TimeSpan _pause = TimeSpan.FromMilliseconds(25);

    public override ValueTask<ClaimResult> TryClaimAsync(ClaimOptions options) => store.ClaimAsync(key, options, CancellationToken.None);

    public override async Task ChangedAsync(Task nobodyWaits)
    {
        // Up to half more or less, so that processes that began to wait together do not poll together.
        var pause = _pause * (0.5 + Random.Shared.NextDouble());
        _pause = Backoff.After(_pause, LongestPause);
        await nobodyWaits.WaitAsync(pause, timeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
