using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>
/// Gives claims up, also such as nobody knows whether they were granted. What the server does not take at once is tried again in the
/// background: a claim without a holder would close its key until the lease ends, and beyond it where interrupted keys are refused.
/// </summary>
internal sealed class ReleaseQueue(RedisConnection connection, RedisCalls calls, TimeProvider timeProvider, ILogger logger) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMinutes(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Queue<Release> _queue = new();

    /// <summary>Sends the release before it returns, and so behind a claim that was sent before. Never throws.</summary>
    public async Task ReleaseAsync(string key, RedisKey[] keys, byte[] token, TimeSpan lease)
    {
        var release = new Release(key, keys, [token, connection.ChannelPrefix], timeProvider.GetTimestamp(), lease);
        try
        {
            await SendAsync(release);
        }
        catch (Exception exception) when (!_stopping.IsCancellationRequested)
        {
            RedisStoreLog.ReleaseFailed(logger, exception, new(key));
            Enqueue(release);
        }
        catch
        {
            // The application ends, and the lease will.
        }
    }

    public void Dispose() => _stopping.Cancel();

    private Task<RedisResult> SendAsync(Release release) =>
        calls.EvaluateAsync(RedisScript.Release, release.Keys, release.Arguments, _stopping.Token);

    private void Enqueue(Release release)
    {
        lock (_gate)
        {
            _queue.Enqueue(release);
            if (_queue.Count > 1)
                return;
        }

        // The loop serves whatever joins it: it carries the context of no request.
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(() => RunAsync(release));
    }

    private async Task RunAsync(Release? release)
    {
        for (var pause = FirstPause; release is not null; )
        {
            await Task.Delay(pause, timeProvider, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stopping.IsCancellationRequested)
                return;

            var done = true;
            try
            {
                await SendAsync(release);
                pause = TimeSpan.Zero;
            }
            catch (Exception exception)
            {
                done = !RedisCalls.MayPass(exception, _stopping.Token);
                if (done)
                    RedisStoreLog.ReleaseGivenUp(logger, exception, new(release.Key));
                pause = pause * 2 < FirstPause ? FirstPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }

            release = Next(done);
        }
    }

    /// <summary>While the queue holds any, one loop runs; it ends with the last that is taken out.</summary>
    private Release? Next(bool done)
    {
        lock (_gate)
        {
            if (done)
                _queue.Dequeue();

            while (_queue.TryPeek(out var next))
            {
                if (timeProvider.GetElapsedTime(next.Since) < Patience(next))
                    return next;

                RedisStoreLog.ReleaseGivenUp(logger, null, new(next.Key));
                _queue.Dequeue();
            }

            return null;
        }
    }

    private static TimeSpan Patience(Release release) => release.Lease > ShortestPatience ? release.Lease : ShortestPatience;

    private sealed record Release(string Key, RedisKey[] Keys, RedisValue[] Arguments, long Since, TimeSpan Lease);
}
