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

    // Some 5 MB, whatever an outage leaves behind.
    private const int Capacity = 10_000;
    private const int MostAtOnce = 100;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMinutes(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly long _origin = timeProvider.GetTimestamp();
    private readonly Lock _gate = new();

    // By rank; each by the time at which the next attempt is due.
    private readonly PriorityQueue<PendingRelease, TimeSpan>[] _waiting = [new(), new(), new()];
    private int _sending;
    private int _unanswered;
    private bool _runs;
    private bool _isFull;
    private bool _drains;

    private TimeSpan Now => timeProvider.GetElapsedTime(_origin);

    /// <summary>
    /// Sends the release before it returns, and so behind a claim that was sent before on this connection. Returns when the server has
    /// answered, or is asked again in the background. Never throws.
    /// </summary>
    /// <param name="key">The storage key.</param>
    /// <param name="keys">The same, as the script takes it.</param>
    /// <param name="token">The owner token of the claim.</param>
    /// <param name="lease">The lease of the claim.</param>
    /// <param name="granted">Whether the server has granted the claim; else it may have.</param>
    /// <param name="inDoubt">Whether an attempt to claim, or to renew, went unanswered, and may come after the release.</param>
    public Task ReleaseAsync(string key, RedisKey[] keys, byte[] token, TimeSpan lease, bool granted, bool inDoubt)
    {
        Interlocked.Increment(ref _unanswered);
        var patience = lease > ShortestPatience ? lease : ShortestPatience;
        return SendAsync(new(key, keys, [token, connection.ChannelPrefix], granted, patience)
        {
            RepetitionsLeft = inDoubt ? Repetitions : 0,
            Pause = FirstPause,
            GivenUpAt = Now + patience,
        });
    }

    /// <summary>Tries what was never answered without pauses. Returns when nothing of it is left, or the time is up. Never throws.</summary>
    /// <param name="timeIsUp">Ends the attempt.</param>
    public async Task DrainAsync(CancellationToken timeIsUp)
    {
        Volatile.Write(ref _drains, true);
        while (Volatile.Read(ref _unanswered) is var left && left > 0)
        {
            if (timeIsUp.IsCancellationRequested)
            {
                Tell(() => RedisStoreLog.ReleasesLeft(logger, left));
                return;
            }

            await Task.Delay(FirstPause, timeProvider, timeIsUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => _stopping.Cancel();

    private async Task SendAsync(PendingRelease release)
    {
        try
        {
            await calls.EvaluateAsync(RedisScript.Release, release.Keys, release.Arguments, _stopping.Token);
            Answered(release);
        }
        catch (Exception exception)
        {
            // Else the application ends, and the lease will.
            if (!_stopping.IsCancellationRequested)
                Failed(release, exception);
        }
    }

    private void Answered(PendingRelease release)
    {
        if (!release.IsAnswered)
            Interlocked.Decrement(ref _unanswered);

        release.IsAnswered = true;
        release.GivenUpAt = Now + release.Patience;
        if (release.RepetitionsLeft == 0)
            return;

        var pause = FirstPause * (1 << (Repetitions - release.RepetitionsLeft));
        release.RepetitionsLeft--;
        Enqueue(release, pause);
    }

    private void Failed(PendingRelease release, Exception exception)
    {
        if (RedisCalls.MayPass(exception, _stopping.Token) && Now < release.GivenUpAt)
        {
            if (!release.IsQueued)
                Tell(() => RedisStoreLog.ReleaseFailed(logger, exception, new(release.Key)));
            Enqueue(release, release.Pause);
            release.Pause = release.Pause * 2 < LongestPause ? release.Pause * 2 : LongestPause;
        }
        else if (!release.IsAnswered)
        {
            Interlocked.Decrement(ref _unanswered);
            Tell(() => RedisStoreLog.ReleaseGivenUp(logger, exception, new(release.Key)));
        }
    }

    private void Enqueue(PendingRelease release, TimeSpan pause)
    {
        bool fills, starts;
        lock (_gate)
        {
            var dropped = release.IsQueued || _waiting.Sum(queue => queue.Count) < Capacity ? null : MakeRoom(release);
            if (dropped is { IsAnswered: false })
                Interlocked.Decrement(ref _unanswered);
            if (dropped != release)
                _waiting[release.Rank].Enqueue(release, Now + pause);

            release.IsQueued = true;
            fills = dropped is not null && !_isFull;
            _isFull |= fills;
            starts = !_runs;
            _runs = true;
        }

        if (fills)
            Tell(() => RedisStoreLog.ReleasesDropped(logger, Capacity));
        if (!starts)
            return;

        // The loop serves whatever joins it: it carries the context of no request.
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(RunAsync);
    }

    /// <returns>What is dropped: one of the last rank, or the newcomer, if no rank comes behind its own.</returns>
    private PendingRelease MakeRoom(PendingRelease newcomer)
    {
        for (var rank = _waiting.Length - 1; rank > newcomer.Rank; rank--)
        {
            if (_waiting[rank].TryDequeue(out var last, out _))
                return last;
        }

        return newcomer;
    }

    private async Task RunAsync()
    {
        while (TryTake(out var due))
        {
            // One that hangs delays no other.
            var turn = due.Count > 0
                ? Task.WhenAll(due.Select(SendAgainAsync)).WaitAsync(FirstPause, timeProvider)
                : Task.Delay(FirstPause, timeProvider, _stopping.Token);
            await turn.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SendAgainAsync(PendingRelease release)
    {
        await SendAsync(release);
        lock (_gate)
            _sending--;
    }

    /// <summary>Takes what is due, the first rank first, and no more than may be sent at once; perhaps nothing, yet.</summary>
    /// <returns>False when nothing is left, and with it the loop ends.</returns>
    private bool TryTake(out List<PendingRelease> due)
    {
        due = [];
        lock (_gate)
        {
            foreach (var queue in _waiting)
            {
                while (_sending < MostAtOnce && queue.TryPeek(out var release, out var dueAt)
                    && (dueAt <= Now || (Volatile.Read(ref _drains) && !release.IsAnswered)))
                {
                    due.Add(queue.Dequeue());
                    _sending++;
                }
            }

            _runs = !_stopping.IsCancellationRequested && (_sending > 0 || _waiting.Any(queue => queue.Count > 0));
            _isFull &= _runs;
            return _runs;
        }
    }

    /// <summary>A logger that fails must not end what it is told of.</summary>
    private static void Tell(Action log)
    {
        try
        {
            log();
        }
        catch
        {
            // Nobody is left to be told.
        }
    }
}
