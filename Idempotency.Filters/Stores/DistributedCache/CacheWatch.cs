using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>Follows a key by asking, since neither a cache nor a lock tells of a change: soon at first, then less and less often.</summary>
internal sealed class CacheWatch(CacheIdempotencyStore store, string key, TimeProvider timeProvider) : KeyWatch
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private TimeSpan _pause = TimeSpan.FromMilliseconds(25);

    public override ValueTask<ClaimResult> TryClaimAsync(ClaimOptions options) => store.ClaimAsync(key, options, CancellationToken.None);

    public override async Task ChangedAsync(Task nobodyWaits)
    {
        // Half of it more or less, so that processes which began to wait together do not ask together.
        var pause = _pause * (0.5 + Random.Shared.NextDouble());
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        await nobodyWaits.WaitAsync(pause, timeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
