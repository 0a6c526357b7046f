using Microsoft.Extensions.ObjectPool;

namespace Idempotency.Filters.Internal;

/// <summary>Timers that fire when an action has run too long. Nearly none ever does, so that they are used again.</summary>
internal sealed class DeadlinePool(TimeProvider timeProvider)
{
    private readonly DefaultObjectPool<CancellationTokenSource> _pool = new(new Policy(timeProvider), maximumRetained: 256);

    public long Now => timeProvider.GetTimestamp();

    public CancellationTokenSource Rent(TimeSpan limit, long since)
    {
        var left = limit - timeProvider.GetElapsedTime(since);
        var source = _pool.Get();
        source.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        return source;
    }

    public void Return(CancellationTokenSource source) => _pool.Return(source);

    private sealed class Policy(TimeProvider timeProvider) : PooledObjectPolicy<CancellationTokenSource>
    {
        public override CancellationTokenSource Create() => new(Timeout.InfiniteTimeSpan, timeProvider);

        public override bool Return(CancellationTokenSource source)
        {
            // Fails when it has fired, or could be about to.
            if (source.TryReset())
                return true;
            source.Dispose();
            return false;
        }
    }
}
