using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>
/// Gives claims up, also such as nobody knows whether they were granted. What the server does not take at once is tried again in the
/// background: a claim without a holder would close its key until the lease ends, and beyond it where interrupted keys are refused. What
/// is in doubt is repeated also after the server has answered, for the sake of an attempt that was late on a broken connection.
/// </summary>
internal sealed class ReleaseQueue(RedisConnection connection, RedisCalls calls, TimeProvider timeProvider, ILogger logger) : IDisposable
{
    // Each pause is twice the last, 32 seconds in all: a claim that comes some time late holds its key for about as long, and no longer.
    private const int Repetitions = 7;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMinutes(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly long _origin = timeProvider.GetTimestamp();
    private readonly Lock _gate = new();
    private readonly PriorityQueue<Release, TimeSpan> _queue = new();
    private bool _runs;

    private TimeSpan Now => timeProvider.GetElapsedTime(_origin);

    /// <summary>
    /// Sends the release before it returns, and so behind a claim that was sent before on this connection. Returns when the server has
    /// answered, or is asked again in the background. Never throws.
    /// </summary>
    /// <param name="key">The storage key.</param>
    /// <param name="keys">The same, as the script takes it.</param>
    /// <param name="token">The owner token of the claim.</param>
    /// <param name="lease">The lease of the claim.</param>
    /// <param name="inDoubt">Whether an attempt to claim went unanswered, and may come after the release.</param>
    public async Task ReleaseAsync(string key, RedisKey[] keys, byte[] token, TimeSpan lease, bool inDoubt)
    {
        var release = new Release(key, keys, [token, connection.ChannelPrefix], Now + (lease > ShortestPatience ? lease : ShortestPatience))
        {
            Left = inDoubt ? Repetitions : 0,
        };
        try
        {
            await SendAsync(release);
            Repeat(release);
        }
        catch (Exception exception) when (!_stopping.IsCancellationRequested)
        {
            RedisStoreLog.ReleaseFailed(logger, exception, new(key));
            Enqueue(release, Now);
        }
        catch
        {
            // The application ends, and the lease will.
        }
    }

    public void Dispose() => _stopping.Cancel();

    private Task<RedisAnswer> SendAsync(Release release) =>
        calls.EvaluateAsync(RedisScript.Release, release.Keys, release.Arguments, _stopping.Token);

    /// <summary>After an answer.</summary>
    private void Repeat(Release release)
    {
        if (release.Left > 0)
            Enqueue(release, Now + FirstPause * (1 << (Repetitions - release.Left--)));
    }

    private void Enqueue(Release release, TimeSpan due)
    {
        lock (_gate)
        {
            _queue.Enqueue(release, due);
            if (_runs)
                return;
            _runs = true;
        }

        // The loop serves whatever joins it: it carries the context of no request.
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(RunAsync);
    }

    private async Task RunAsync()
    {
        for (var pause = FirstPause; ;)
        {
            await Task.Delay(pause, timeProvider, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stopping.IsCancellationRequested || !TryTake(out var release))
                return;

            if (release is null)
            {
                pause = FirstPause;
                continue;
            }

            try
            {
                await SendAsync(release);
                Repeat(release);
                pause = TimeSpan.Zero;
            }
            catch (Exception exception)
            {
                if (RedisCalls.MayPass(exception, _stopping.Token))
                    Enqueue(release, Now);
                else
                    RedisStoreLog.ReleaseGivenUp(logger, exception, new(release.Key));
                pause = pause * 2 < FirstPause ? FirstPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    /// <summary>Takes what is due; null = nothing is, yet.</summary>
    /// <returns>False when the queue is empty, and with it the loop ends.</returns>
    private bool TryTake(out Release? release)
    {
        lock (_gate)
        {
            while (_queue.TryPeek(out release, out var due))
            {
                if (due > Now)
                {
                    release = null;
                    return true;
                }

                _queue.Dequeue();
                if (Now < release.GivenUpAt)
                    return true;
                RedisStoreLog.ReleaseGivenUp(logger, null, new(release.Key));
            }

            _runs = false;
            return false;
        }
    }

    private sealed record Release(string Key, RedisKey[] Keys, RedisValue[] Arguments, TimeSpan GivenUpAt)
    {
        /// <summary>How often it is repeated yet after it was answered.</summary>
        public int Left { get; set; }
    }
}
